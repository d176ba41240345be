import { buffer } from 'node:stream/consumers';
import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { fileTooLarge } from '../errors.ts';
import type { Participant } from '../generated/prisma/client.ts';
import type { AdmittedParticipant } from '../services/snapshots/admit.ts';
import { snapshotInput } from '../services/snapshots/input.ts';
import { MAX_SNAPSHOT_BYTES, type SnapshotReceipt } from '../services/snapshots/snapshots.ts';
import { parseInput, userIdInput } from '../validation.ts';
import { actingUser, requireKnownExam, requireSender, requireStaffOf } from './policy.ts';

export { MAX_SNAPSHOT_BYTES } from '../services/snapshots/snapshots.ts';

export interface Admitted {
  participant: AdmittedParticipant;
  takenAt: Date | null;
}

/** Checks that the caller may send snapshots in that exam. Proctors may not send evidence. */
export async function requireSnapshots(ctx: Context, examId: string): Promise<{ id: string }> {
  requireSender(ctx);
  return requireKnownExam(ctx, examId);
}

/** Checks that the caller may send a snapshot of that user now, before any byte of it is read. */
export async function prepareSnapshot(ctx: Context, examId: string, input: unknown): Promise<Admitted> {
  const { id } = await requireSnapshots(ctx, examId);
  const { userId, takenAt } = parseInput(snapshotInput, input);
  const participant = await ctx.services.snapshots.admit({ examId: id, userId: actingUser(ctx, userId) });
  if (ctx.viewer.role === 'participant') ctx.services.presence.seen(participant);
  return { participant, takenAt: takenAt ?? null };
}

/** @param field the caller's name for the image */
export const takeSnapshot = (ctx: Context, { participant, takenAt }: Admitted, image: Uint8Array, field: string): SnapshotReceipt =>
  ctx.services.snapshots.take(participant, image, takenAt, field);

/** Like `takeSnapshot`, for an image that came as a part of a form. */
export async function takeSpooledSnapshot(ctx: Context, admitted: Admitted, file: SpooledFile): Promise<SnapshotReceipt> {
  if (file.size > MAX_SNAPSHOT_BYTES) throw fileTooLarge('image', MAX_SNAPSHOT_BYTES);
  return takeSnapshot(ctx, admitted, await buffer(ctx.storage.read(file)), 'image');
}

/** Staff ask for a picture now. */
export async function requestSnapshot(ctx: Context, { examId, userId }: { examId: string; userId: string }): Promise<Participant> {
  const { id } = await requireStaffOf(ctx, examId);
  return ctx.services.snapshots.request({ examId: id, userId: parseInput(userIdInput, userId) }, ctx.viewer.name);
}

export async function submitSnapshot(
  ctx: Context,
  {
    examId,
    image,
    ...input
  }: { examId: string; userId?: string | null | undefined; takenAt?: Date | null | undefined; image: SpooledFile },
): Promise<SnapshotReceipt> {
  return takeSpooledSnapshot(ctx, await prepareSnapshot(ctx, examId, input), image);
}
