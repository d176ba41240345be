import { buffer } from 'node:stream/consumers';
import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { fileTooLarge, notFound } from '../errors.ts';
import type { Exam, IdentityPhoto, Participant, Prisma, Verification } from '../generated/prisma/client.ts';
import { visibleParticipants } from '../services/access/sight.ts';
import { checkInInput, noticeInput } from '../services/check-in/input.ts';
import type { Notice } from '../services/check-in/notice.ts';
import type { PictureCheck, Rehearsing } from '../services/check-in/rehearsal.ts';
import { PICTURE_ADVICE } from '../services/identity/face-match.ts';
import { MAX_IMAGE_BYTES } from '../services/identity/images.ts';
import type { CheckedMedia } from '../services/recordings/recordings.ts';
import { parseInput } from '../validation.ts';
import { requireCandidate, requireExam, requireParticipant, requireViewer, unlessLink } from './policy.ts';

export { MAX_IMAGE_BYTES, PICTURE_ADVICE };

/** What candidates of this exam are told. */
export const noticeOf = ({ services }: Context, exam: Pick<Exam, 'settings'>): Notice => services.checkIn.notice(exam);

export async function readNotice(ctx: Context, examId: string): Promise<Notice> {
  const { id } = await requireExam(ctx, examId);
  return noticeOf(ctx, await ctx.db.exam.findUniqueOrThrow({ where: { id }, select: { settings: true } }));
}

export async function acceptNotice(ctx: Context, examId: string, version: unknown): Promise<Participant> {
  return ctx.services.checkIn.acceptNotice(requireParticipant(ctx, examId), parseInput(noticeInput, { version }).version);
}

async function bytesOf(ctx: Context, file: SpooledFile, field: string): Promise<Buffer> {
  if (file.size > MAX_IMAGE_BYTES) throw fileTooLarge(field, MAX_IMAGE_BYTES);
  return buffer(ctx.storage.read(file));
}

export async function checkIn(
  ctx: Context,
  { examId, device, photo }: { examId: string; device?: unknown; photo?: SpooledFile | null | undefined },
): Promise<Participant> {
  const who = requireParticipant(ctx, examId);
  const input = parseInput(checkInInput, { device });
  const image = photo ? await bytesOf(ctx, photo, 'photo') : null;
  return ctx.services.checkIn.checkIn(who, { device: input.device as Prisma.InputJsonObject, photo: image });
}

/** Compares a picture of the participant of the token with the face that is known of them. */
export async function verifyParticipant(ctx: Context, examId: string, file: SpooledFile): Promise<Verification> {
  return ctx.services.checkIn.verify(requireParticipant(ctx, examId), () => bytesOf(ctx, file, 'image'));
}

const rehearsing = (ctx: Context, examId: string): Rehearsing => ({ ...requireCandidate(ctx, examId), address: ctx.address });

/** Whether a check-in would take this picture; it is not kept. */
export async function checkPicture(ctx: Context, examId: string, file: SpooledFile): Promise<PictureCheck> {
  return ctx.services.rehearsal.checkPicture(rehearsing(ctx, examId), () => bytesOf(ctx, file, 'image'));
}

/** Whether a recording arrived as one that can be used; it is not kept. */
export async function checkRecording(ctx: Context, examId: string, file: SpooledFile): Promise<CheckedMedia> {
  return ctx.services.rehearsal.checkRecording(rehearsing(ctx, examId), file);
}

export interface CheckInFacts {
  noticeVersion: string | null;
  noticeAcceptedAt: Date | null;
  device: unknown;
  participantId: string;
  photo: IdentityPhoto | null;
}

/** What is known of a participant's check-in; null if nothing is. */
export function checkInOf(participant: Participant & { identityPhoto: IdentityPhoto | null }): CheckInFacts | null {
  const { id, noticeVersion, noticeAcceptedAt, device, identityPhoto } = participant;
  if (noticeVersion === null && device === null && identityPhoto === null) return null;
  return { participantId: id, noticeVersion, noticeAcceptedAt, device, photo: identityPhoto };
}

/** A signed URL of the picture, which needs no credentials and expires; null if there is none. */
export async function signedPhotoUrl(ctx: Context, { photo, participantId }: CheckInFacts): Promise<string | null> {
  return (
    photo && `${ctx.publicUrl}/api/participants/${participantId}/photo?sig=${await ctx.services.access.signFile('photo', participantId)}`
  );
}

/** The picture of a check-in, if the viewer's rights or the signature of a link to it permit it. */
export async function findPhoto(ctx: Context, participantId: string, signature: string | undefined): Promise<IdentityPhoto> {
  const isSigned = signature !== undefined && (await ctx.services.access.opensFile(signature, 'photo', participantId));
  if (!isSigned) requireViewer(ctx);
  const where = { AND: [{ id: participantId, ...(!isSigned && unlessLink(ctx)) }, isSigned ? {} : visibleParticipants(ctx.viewer)] };
  const found = await ctx.db.participant.findFirst({ where, select: { identityPhoto: true } });
  if (!found?.identityPhoto) throw notFound('Picture of this participant');
  return found.identityPhoto;
}
