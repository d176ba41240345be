import type { Context } from '../context.ts';
import type { Participant, Recording } from '../generated/prisma/client.ts';
import { isLinkBearer } from '../services/access/viewer.ts';
import type { EvidenceTrack } from '../services/evidence/ledger.ts';
import { placedSpans } from '../services/evidence/spans.ts';

export { isComplete } from '../services/recordings/lifecycle.ts';

/** The ledger of a participant whom the viewer sees; a link does not open it. */
export const evidenceOf = async (ctx: Context, participant: Participant): Promise<EvidenceTrack[]> =>
  isLinkBearer(ctx.viewer) ? [] : ctx.services.evidence.of(participant);

/** Which part of a recording's file was recorded when. */
export interface RecordingSpan {
  startedAt: Date;
  /** Seconds from the start of the file. */
  offsetSeconds: number;
  seconds: number;
}

export const spansOfRecording = (recording: Pick<Recording, 'spans'>): RecordingSpan[] =>
  placedSpans(recording).map(({ at, offset, seconds }) => ({ startedAt: new Date(at), offsetSeconds: offset, seconds }));
