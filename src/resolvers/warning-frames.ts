import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { RecordingFile, Warning, WarningFrame } from '../generated/prisma/client.ts';
import { visibleWarnings } from '../services/access/sight.ts';
import { requireViewer } from './policy.ts';

/**
 * The picture at the time of a warning, as evidence: the snapshot that raised it, or a frame of its recording. The viewer's
 * rights or the signature of a link permit it.
 */
export async function findWarningFrame(
  ctx: Context,
  warningId: string,
  signature: string | undefined,
): Promise<WarningFrame | RecordingFile> {
  const missing = notFound('Picture of this warning');
  const isSigned = signature !== undefined && (await ctx.services.access.opensFile(signature, 'frame', warningId));
  // Before anything is read: otherwise the answer would say to anybody which warnings there are.
  if (!isSigned) requireViewer(ctx);
  const where = { AND: [{ id: warningId }, isSigned ? {} : visibleWarnings(ctx.viewer)] };
  const warning = await ctx.db.warning.findFirst({ where, include: { recording: true, frame: true } });
  if (!warning) throw missing;
  if (warning.frame) return warning.frame;
  const { recording, offsetSeconds } = warning;
  if (!recording || offsetSeconds === null) throw missing;
  return ctx.services.playback.frame(recording, offsetSeconds);
}

/** A signed URL of that picture, which needs no credentials and expires; null if there is no picture. */
export async function signedFrameUrl(
  ctx: Context,
  warning: Pick<Warning, 'id' | 'hasFrame' | 'recordingId' | 'offsetSeconds'>,
): Promise<string | null> {
  if (!warning.hasFrame && (warning.recordingId === null || warning.offsetSeconds === null)) return null;
  return `${ctx.publicUrl}/api/warnings/${warning.id}/frame?sig=${await ctx.services.access.signFile('frame', warning.id)}`;
}
