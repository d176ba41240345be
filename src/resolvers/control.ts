import type { Context } from '../context.ts';
import type { Participant } from '../generated/prisma/client.ts';
import type { Decision } from '../services/control/control.ts';
import { addTimeInput, chosenInput, decisionInput, optionalReason } from '../services/participants/input.ts';
import { isPresent } from '../services/participants/moves.ts';
import { offlineMs } from '../services/participants/time.ts';
import { parseInput, userIdInput } from '../validation.ts';
import { requireStaffOf } from './policy.ts';

interface OfOne {
  examId: string;
  userId: string;
}

interface OfMany {
  examId: string;
  userIds?: readonly string[] | null | undefined;
  group?: string | null | undefined;
}

/** Staff of the exam, checked before anything of the input is. */
async function staffOf(ctx: Context, examId: string): Promise<{ id: string; by: string }> {
  const { id } = await requireStaffOf(ctx, examId);
  return { id, by: ctx.viewer.name };
}

const decide = (by: string, reason: unknown): Decision => ({ by, ...parseInput(decisionInput, { reason }) });

export async function pauseParticipant(ctx: Context, { examId, userId, reason }: OfOne & { reason: unknown }): Promise<Participant> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.pause(id, parseInput(userIdInput, userId), decide(by, reason), ctx.keeper);
}

export async function pauseParticipants(ctx: Context, { examId, reason, ...chosen }: OfMany & { reason: unknown }): Promise<Participant[]> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.pauseAll(id, parseInput(chosenInput, chosen), decide(by, reason), ctx.keeper);
}

export async function resumeParticipant(ctx: Context, { examId, userId }: OfOne): Promise<Participant> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.resume(id, parseInput(userIdInput, userId), { by, reason: null }, ctx.keeper);
}

export async function resumeParticipants(ctx: Context, { examId, ...chosen }: OfMany): Promise<Participant[]> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.resumeAll(id, parseInput(chosenInput, chosen), { by, reason: null }, ctx.keeper);
}

export async function admitParticipant(ctx: Context, { examId, userId, reason }: OfOne & { reason?: unknown }): Promise<Participant> {
  const { id, by } = await staffOf(ctx, examId);
  const decision = { by, reason: parseInput(optionalReason, reason) ?? null };
  return ctx.services.control.admit(id, parseInput(userIdInput, userId), decision, ctx.keeper);
}

/** @param reason is needed for those who have not checked in */
export async function admitParticipants(
  ctx: Context,
  { examId, userIds, reason }: { examId: string; userIds?: readonly string[] | null | undefined; reason?: unknown },
): Promise<Participant[]> {
  const { id, by } = await staffOf(ctx, examId);
  const named = parseInput(chosenInput, { userIds }).userIds ?? null;
  const decision = { by, reason: parseInput(optionalReason, reason) ?? null };
  return ctx.services.control.admitAll(id, named, decision, ctx.keeper);
}

export async function terminateParticipant(ctx: Context, { examId, userId, reason }: OfOne & { reason: unknown }): Promise<Participant> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.terminate(id, parseInput(userIdInput, userId), decide(by, reason), ctx.keeper);
}

export async function readmitParticipant(ctx: Context, { examId, userId, reason }: OfOne & { reason: unknown }) {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.readmit(id, parseInput(userIdInput, userId), decide(by, reason));
}

export async function addTime(
  ctx: Context,
  { examId, userId, ...input }: OfOne & { minutes: unknown; reason: unknown },
): Promise<Participant> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.addTime(id, parseInput(userIdInput, userId), { by, ...parseInput(addTimeInput, input) }, ctx.keeper);
}

export async function addTimeToAll(
  ctx: Context,
  { examId, group, ...input }: Omit<OfMany, 'userIds'> & { minutes: unknown; reason: unknown },
): Promise<Participant[]> {
  const { id, by } = await staffOf(ctx, examId);
  return ctx.services.control.addTimeToAll(id, parseInput(chosenInput, { group }), { by, ...parseInput(addTimeInput, input) }, ctx.keeper);
}

/** Whether the participant's client is heard; null for one who has not come, or has left. */
export const isOnline = ({ status, offlineSince }: Participant): boolean | null => (isPresent(status) ? offlineSince === null : null);

/** Seconds of the participant's time in which nothing was heard of its client and that were not credited. */
export async function outageSeconds(ctx: Context, participant: Participant): Promise<number> {
  const running = participant.status === 'DISCONNECTED' ? offlineMs(await ctx.services.clock.now(), participant) : 0;
  return Math.max(0, Math.round((participant.outageMs + running - participant.outageCreditMs) / 1_000));
}

/** Seconds that a participant has left; null before their time begins. */
export async function remainingSeconds(ctx: Context, { endsAt, remainingMs }: Participant): Promise<number | null> {
  if (remainingMs !== null) return Math.max(0, Math.floor(remainingMs / 1_000));
  if (endsAt === null) return null;
  const now = await ctx.services.clock.now();
  return Math.max(0, Math.floor((endsAt.getTime() - now.getTime()) / 1_000));
}
