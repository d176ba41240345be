import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { RecordingFile, Warning, WarningFrame } from '../generated/prisma/client.ts';
import { visibleWarnings } from '../services/access/sight.ts';
import { requireViewer } from './policy.ts';
import { findRecording } from './recordings.ts';

/** A snapshot is the warning's own; of a recording the link is good for all that belongs to it. */
const signedFor = ({ id, hasFrame, recordingId }: Pick<Warning, 'id' | 'hasFrame' | 'recordingId'>) => (hasFrame ? id : recordingId);

/**
 * The picture at the moment of a warning: its evidence. The snapshot that raised it, or made of its recording; by the
 * viewer's rights, or by a signed link.
 */
export async function findWarningFrame(
  ctx: Context,
  warningId: string,
  signature: string | undefined,
): Promise<WarningFrame | RecordingFile> {
  const missing = notFound('Picture of this warning');
  const warning = await ctx.db.warning.findUnique({ where: { id: warningId }, include: { recording: true, frame: true } });
  const subject = warning && signedFor(warning);
  if (!warning || !subject) throw missing;
  const isSigned = signature !== undefined && (await ctx.services.access.mayDownload(signature, subject));
  if (warning.frame) {
    if (!isSigned && !(await seesWarning(ctx, warningId))) throw missing;
    return warning.frame;
  }
  const { recording, offsetSeconds } = warning;
  if (!recording || offsetSeconds === null) throw missing;
  if (!isSigned && !(await findRecording(ctx, recording.id))) throw missing;
  return ctx.services.playback.frame(recording, offsetSeconds);
}

async function seesWarning(ctx: Context, warningId: string): Promise<boolean> {
  requireViewer(ctx);
  return (await ctx.db.warning.count({ where: { AND: [{ id: warningId }, visibleWarnings(ctx.viewer)] } })) > 0;
}

/** Where that picture is, opening by itself for a while; null where there is none. */
export async function signedFrameUrl(
  ctx: Context,
  warning: Pick<Warning, 'id' | 'hasFrame' | 'recordingId' | 'offsetSeconds'>,
): Promise<string | null> {
  const subject = signedFor(warning);
  if (!subject || (!warning.hasFrame && warning.offsetSeconds === null)) return null;
  return `${ctx.publicUrl}/api/warnings/${warning.id}/frame?sig=${await ctx.services.access.signDownload(subject)}`;
}
