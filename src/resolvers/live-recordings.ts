import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { fileTooLarge, notFound } from '../errors.ts';
import type { Recording } from '../generated/prisma/client.ts';
import { chunkInput, finishInput } from '../services/recordings/input.ts';
import type { NewChunk, ReceivedChunk } from '../services/recordings/live/receive.ts';
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
export async function prepareChunk(ctx: Context, recordingId: string, chunk: unknown): Promise<NewChunk> {
  requireRecorder(ctx);
  const { index, startedAt = null, durationMs = null } = parseInput(chunkInput, chunk);
  ctx.services.liveRecordings.refuseEnded(await requireRecording(ctx, recordingId));
  return { recordingId, index, startedAt, durationMs };
}

/** Whose camera is received is connected, whether or not heartbeats come: otherwise its time could be credited as an outage. */
function noteSender({ viewer: { role, examId, userId }, services }: Context): void {
  if (role === 'participant' && examId !== null && userId !== null) services.presence.seen({ examId, userId });
}

/** Stores a chunk that `prepareChunk` admitted. `field` is the caller's name for its bytes. */
export async function storeChunk(ctx: Context, chunk: NewChunk, file: SpooledFile, field: string): Promise<ReceivedChunk> {
  const received = await ctx.services.liveRecordings.append(chunk, file, field, limitOf(ctx)?.maxBytes ?? null);
  if (received === 'full') throw fileTooLarge(field, ctx.config.MAX_RECORDING_BYTES);
  if (received === 'over') throw ctx.services.quota.full();
  noteSender(ctx);
  return received.chunk;
}

/**
 * Ends a live recording, or announces how many chunks it has; a worker joins them in the background. Returns a recording that has
 * already ended unchanged. Only whoever sends the chunks knows how many there are.
 */
export async function finishRecording(ctx: Context, recordingId: string, input: unknown): Promise<Recording> {
  const recording = await requireRecording(ctx, recordingId);
  const { chunks } = parseInput(finishInput, input);
  const { liveRecordings } = ctx.services;
  if (chunks != null) {
    requireRecorder(ctx);
    const isInChunks = recording.lastChunkAt !== null || recording.expectedChunks !== null || !recording.closed;
    if (isInChunks || recording.live) await liveRecordings.announce(recording, chunks);
  } else if (!recording.closed) await liveRecordings.finish(recordingId);
  return requireRecording(ctx, recordingId);
}

export const appendRecordingChunk = async (ctx: Context, recordingId: string, chunk: unknown, file: SpooledFile): Promise<ReceivedChunk> =>
  storeChunk(ctx, await prepareChunk(ctx, recordingId, chunk), file, 'chunk');
