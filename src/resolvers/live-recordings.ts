import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { fileTooLarge, notFound } from '../errors.ts';
import type { Recording } from '../generated/prisma/client.ts';
import { chunkIndexInput } from '../services/recordings/input.ts';
import type { ReceivedChunk } from '../services/recordings/live/receive.ts';
import { parseInput } from '../validation.ts';
import { refuseLinkBearer, requireSender } from './policy.ts';
import { findRecording, limitOf, prepareUpload } from './recordings.ts';

/** Refuses proctors, who may end recordings but not make them. */
export function requireRecorder(ctx: Context): void {
  requireSender(ctx);
  refuseLinkBearer(ctx);
}

async function requireRecording(ctx: Context, recordingId: string): Promise<Recording> {
  const recording = await findRecording(ctx, recordingId);
  if (!recording) throw notFound('Recording');
  return recording;
}

export async function startRecording(ctx: Context, input: unknown): Promise<Recording> {
  requireRecorder(ctx);
  return ctx.services.liveRecordings.start(await prepareUpload(ctx, input), { keeper: ctx.keeper, refuse: limitOf(ctx)?.refuse ?? null });
}

/** Checks that the caller may add this chunk, before any byte of it is read. */
export async function prepareChunk(ctx: Context, recordingId: string, index: unknown): Promise<{ recordingId: string; index: number }> {
  requireRecorder(ctx);
  const chunk = { recordingId, ...parseInput(chunkIndexInput, { index }) };
  ctx.services.liveRecordings.refuseEnded(await requireRecording(ctx, recordingId));
  return chunk;
}

/** Stores a chunk that `prepareChunk` admitted. `field` is the caller's name for its bytes. */
export async function storeChunk(
  ctx: Context,
  { recordingId, index }: { recordingId: string; index: number },
  file: SpooledFile,
  field: string,
): Promise<ReceivedChunk> {
  const received = await ctx.services.liveRecordings.append(recordingId, index, file, field, limitOf(ctx)?.maxBytes ?? null);
  if (received === 'full') throw fileTooLarge(field, ctx.config.MAX_RECORDING_BYTES);
  if (received === 'over') throw ctx.services.quota.full();
  return received.chunk;
}

export async function appendRecordingChunk(ctx: Context, recordingId: string, index: number, file: SpooledFile): Promise<ReceivedChunk> {
  return storeChunk(ctx, await prepareChunk(ctx, recordingId, index), file, 'chunk');
}

/** Ends a live recording; a worker joins its chunks in the background. Returns a recording that has already ended unchanged. */
export async function finishRecording(ctx: Context, recordingId: string): Promise<Recording> {
  const recording = await requireRecording(ctx, recordingId);
  if (!recording.live) return recording;
  await ctx.services.liveRecordings.finish(recordingId);
  return requireRecording(ctx, recordingId);
}
