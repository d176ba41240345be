import type { Recording } from '../generated/prisma/client.ts';
import { placedSpans } from '../services/evidence/spans.ts';

export { isComplete } from '../services/recordings/lifecycle.ts';

/** Which part of a recording's file was recorded when. */
export interface RecordingSpan {
  startedAt: Date;
  /** Seconds from the start of the file. */
  offsetSeconds: number;
  seconds: number;
}

export const spansOfRecording = (recording: Pick<Recording, 'spans'>): RecordingSpan[] =>
  placedSpans(recording).map(({ at, offset, seconds }) => ({ startedAt: new Date(at), offsetSeconds: offset, seconds }));
