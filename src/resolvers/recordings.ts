import { type StripLayout, stripLayout } from '../adapters/media/ffmpeg.ts';
import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { AppError, invalidField, notFound } from '../errors.ts';
import type { Prisma, Recording, RecordingFile, RecordingType } from '../generated/prisma/client.ts';
import { sightOf, visibleRecordings } from '../services/access/sight.ts';
import type { RecordingWithAnalysis } from '../services/reads/hot-reads.ts';
import { uploadRecordingInput } from '../services/recordings/input.ts';
import { formatOf } from '../services/recordings/playback.ts';
import type { Quota } from '../services/recordings/quota.ts';
import { parseInput } from '../validation.ts';
import { whereShown } from './candidate-view.ts';
import { actingUser, refuseLinkBearer, requireKnownExam, requireSender, requireStaff, requireViewer } from './policy.ts';

type RecordingQuery = Pick<Prisma.RecordingFindFirstArgs, 'select' | 'include'>;

export async function findRecording(ctx: Context, recordingId: string, query: RecordingQuery = {}): Promise<Recording | null> {
  requireViewer(ctx);
  return ctx.db.recording.findFirst({
    ...query,
    where: { AND: [{ id: recordingId }, visibleRecordings(ctx.viewer)] },
  });
}

/** The documented recording, with its analysis. */
export async function readRecording(ctx: Context, recordingId: string): Promise<RecordingWithAnalysis> {
  requireViewer(ctx);
  if (ctx.viewer.isLink) throw notFound('Recording');
  const recording = await ctx.services.hotReads.readRecording(recordingId, sightOf(ctx.viewer));
  if (!recording) throw notFound('Recording');
  return { ...recording, analysis: await whereShown(ctx, recording, recording.analysis, null) };
}

/** How much the caller may store; null for no limit. */
export const limitOf = ({ viewer, services }: Context): Quota | null => (viewer.role === 'participant' ? services.quota : null);

/** A recording that the caller may add. */
export interface Upload {
  examId: string;
  userId: string;
  type: RecordingType;
}

/** Checks that the caller may add a recording of that user to that exam; called before the file is read if the fields come first. */
export async function prepareUpload(ctx: Context, input: unknown): Promise<Upload> {
  requireSender(ctx);
  const { examId, userId, type } = parseInput(uploadRecordingInput, input);
  await requireKnownExam(ctx, examId);
  const acting = actingUser(ctx, userId);
  await limitOf(ctx)?.admit({ examId, userId: acting });
  return { examId, userId: acting, type };
}

/** The recording made from a resumable upload; null if there is none or the viewer may not see it. */
export const findUploaded = (ctx: Context, uploadId: string): Promise<Recording | null> =>
  ctx.db.recording.findFirst({ where: { AND: [{ uploadId }, visibleRecordings(ctx.viewer)] } });

/** Stores an upload that was prepared. An exam that was cancelled or erased since then is refused by the transaction. */
export async function storeUpload(ctx: Context, upload: Upload, file: SpooledFile | undefined): Promise<Recording> {
  if (!file) throw invalidField('file', 'is required');
  const { recordings } = ctx.services;
  return recordings.upload(upload, await recordings.check(file, 'file'), { keeper: ctx.keeper, refuse: limitOf(ctx)?.refuse ?? null });
}

export async function uploadRecording(ctx: Context, input: unknown, file: SpooledFile): Promise<Recording> {
  return storeUpload(ctx, await prepareUpload(ctx, input), file);
}

export async function retryAnalysis(ctx: Context, recordingId: string): Promise<Recording> {
  requireStaff(ctx);
  const recording = await findRecording(ctx, recordingId);
  if (!recording) throw notFound('Recording');
  return ctx.services.recordings.retry(recording, ctx.keeper);
}

/** The recording of which one file is to be sent, if the viewer's rights or the signature of a link to that file permit it. */
export async function findDownload(
  ctx: Context,
  recordingId: string,
  what: 'download' | MadeFile,
  signature: string | undefined,
): Promise<Recording> {
  const signed = signature !== undefined && (await ctx.services.access.opensFile(signature, what, recordingId));
  // A player sends a request per range, so this read has to be cheap.
  const recording = signed ? await ctx.db.recording.findUnique({ where: { id: recordingId } }) : await readRecording(ctx, recordingId);
  if (!recording) throw notFound('Recording');
  if (recording.live) throw new AppError('conflict', 'The recording is still live: it can be downloaded once it has ended');
  if (recording.sha256 === '') throw notFound('File of this recording');
  return recording;
}

export type MadeFile = 'playback' | 'poster' | 'thumbnails';

const KINDS = { playback: 'playback', poster: 'poster', thumbnails: 'strip' } as const;

/** A file made from a recording for viewing; null if it is not ready or cannot be made. */
export async function findMadeFile(ctx: Context, recordingId: string, what: MadeFile): Promise<RecordingFile | null> {
  return ctx.services.playback.find(recordingId, KINDS[what]);
}

/** Of a file for playback. */
export const mediaTypeOf = (made: RecordingFile) => `video/${formatOf(made)}`;

/** A URL for a file made from a recording. It is signed: it needs no credentials and expires. */
export async function signedMadeUrl(ctx: Context, recordingId: string, what: MadeFile): Promise<string> {
  refuseLinkBearer(ctx);
  return `${ctx.publicUrl}/api/recordings/${recordingId}/${what}?sig=${await ctx.services.access.signFile(what, recordingId)}`;
}

export type RecordingThumbnails = StripLayout & { url: string };

/** Whether a file made from a recording is there. Only where another could not be made, it is looked up. */
async function isMade(ctx: Context, { id, playback, playbackDueAt }: Recording, what: MadeFile): Promise<boolean> {
  if (playback === 'ready') return true;
  const isPartial = playback === 'failed' || playbackDueAt !== null;
  return isPartial && (await findMadeFile(ctx, id, what)) !== null;
}

/** The URL of the poster; null until it is ready. */
export const posterUrlOf = async (ctx: Context, recording: Recording): Promise<string | null> =>
  (await isMade(ctx, recording, 'poster')) ? signedMadeUrl(ctx, recording.id, 'poster') : null;

/** The URL and layout of the thumbnails; null until they are ready. */
export async function thumbnailsOf(ctx: Context, recording: Recording): Promise<RecordingThumbnails | null> {
  if (!(await isMade(ctx, recording, 'thumbnails'))) return null;
  return { url: await signedMadeUrl(ctx, recording.id, 'thumbnails'), ...stripLayout(recording.duration ?? 0) };
}

/** A URL that needs the caller's credentials. */
export const downloadUrl = (ctx: Context, recordingId: string) => `${ctx.publicUrl}/api/recordings/${recordingId}/download`;

/** A signed URL: it needs no credentials and expires. */
export async function signedDownloadUrl(ctx: Context, recordingId: string): Promise<string> {
  refuseLinkBearer(ctx);
  return `${downloadUrl(ctx, recordingId)}?sig=${await ctx.services.access.signFile('download', recordingId)}`;
}

export async function watchRecording(ctx: Context, recordingId: string): Promise<AsyncIterable<Recording>> {
  const recording = await findRecording(ctx, recordingId);
  if (!recording) throw notFound('Recording');
  return ctx.services.recordings.watchProgress(recordingId);
}
