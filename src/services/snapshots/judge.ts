import type { Frame, FrameObservation } from '../../adapters/vision/vision.ts';
import type { Verdict } from './track.ts';

/** A snapshot that was looked at. */
export interface Look {
  participantId: string;
  tenant: string;
  userId: string;
  examId: string;
  /** As it came: JPEG. */
  image: Uint8Array;
  /** When it was taken, milliseconds since 1970. */
  at: number;
  observation: FrameObservation;
  frame: Frame;
  /** Whether phones were looked for. */
  phones: boolean;
  /** Whether the face was described. */
  embedded: boolean;
}

export interface Judged {
  verdicts: Verdict[];
  /** What to remember of this participant until the next snapshot: JSON, a few KB at most. */
  memory?: unknown;
}

/**
 * Says what a snapshot shows. It may be asked again about the same one where another server was faster, so all that it
 * knows of the past is its memory, which is kept with the participant.
 */
export interface Judge {
  /** Of its memory. */
  name: string;
  judge(look: Look, memory: unknown): Judged | Promise<Judged>;
}
