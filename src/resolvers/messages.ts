import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { Message, Participant, Prisma } from '../generated/prisma/client.ts';
import { visibleMessages } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import { handInput, messageInput } from '../services/messages/input.ts';
import { parseInput, userIdInput } from '../validation.ts';
import {
  actingUser,
  refuseLinkBearer,
  requireExam,
  requireKnownExam,
  requireParticipant,
  requireStaffOf,
  requireViewer,
  shownName,
} from './policy.ts';

/** Messages in the caller's own view. */
const NEWEST = 200;

/** Filter and order for paging through messages. */
export const messagesOf = (ctx: Context) =>
  ({ where: visibleMessages(ctx.viewer), orderBy: { seq: 'asc' } }) satisfies Prisma.Exam$messagesArgs;

/** The newest messages that the caller may see, oldest first. */
export async function listMessages(ctx: Context, examId: string): Promise<Message[]> {
  const { id } = await requireExam(ctx, examId);
  refuseLinkBearer(ctx);
  const where = { AND: [{ examId: id }, visibleMessages(ctx.viewer)] };
  return (await ctx.db.message.findMany({ where, orderBy: { seq: 'desc' }, take: NEWEST })).reverse();
}

/** Staff write to one or to everybody, a participant to staff. */
export async function sendMessage(ctx: Context, { examId, ...input }: { examId: string } & Record<string, unknown>): Promise<Message> {
  const { viewer, services, keeper } = ctx;
  const { id } = await requireKnownExam(ctx, examId);
  if (isStaff(viewer)) {
    const { text, userId } = parseInput(messageInput, input);
    return services.messages.send(id, { userId: userId ?? null, from: 'STAFF', by: viewer.name, text }, keeper);
  }
  refuseLinkBearer(ctx);
  const { text, userId } = parseInput(messageInput, input);
  const own = actingUser(ctx, userId);
  return services.messages.send(id, { userId: own, from: 'PARTICIPANT', by: own, text }, keeper);
}

export async function markMessageRead(ctx: Context, messageId: string): Promise<Message> {
  requireViewer(ctx);
  refuseLinkBearer(ctx);
  const message = await ctx.db.message.findFirst({ where: { AND: [{ id: messageId }, visibleMessages(ctx.viewer)] } });
  if (!message) throw notFound('Message');
  const { userId } = ctx.viewer;
  return ctx.services.messages.markRead(message, userId === null ? null : { userId });
}

export async function raiseHand(ctx: Context, examId: string, text: unknown): Promise<Participant> {
  const who = requireParticipant(ctx, examId);
  return ctx.services.messages.raiseHand(examId, who.userId, parseInput(handInput, { text }).text ?? null);
}

/** Staff name a participant; participants lower their own hand. */
export async function lowerHand(ctx: Context, examId: string, userId: string | null | undefined): Promise<Participant> {
  if (!isStaff(ctx.viewer)) {
    const own = requireParticipant(ctx, examId).userId;
    return ctx.services.messages.lowerHand(examId, actingUser(ctx, userId ?? own), own);
  }
  const { id } = await requireStaffOf(ctx, examId);
  return ctx.services.messages.lowerHand(id, parseInput(userIdInput, actingUser(ctx, userId)), ctx.viewer.name);
}

/** Who wrote a message, by name. */
export const senderOf = (ctx: Context, { from, by }: Message): string => (from === 'PARTICIPANT' ? by : shownName(ctx, by));

/** How many participants have read a message to everybody. */
export const readCount = ({ services }: Context, { id, userId, readAt }: Message): Promise<number> | number =>
  userId === null ? services.messages.countReads(id) : readAt ? 1 : 0;

/** When the other side read it; of a message to everybody, when the participant who asks did. */
export const readAt = ({ services, viewer }: Context, message: Message): Promise<Date | null> | Date | null =>
  message.userId === null && viewer.userId !== null ? services.messages.readBy({ id: message.id, userId: viewer.userId }) : message.readAt;
