import type { Frame, FrameObservation } from '../../adapters/vision/vision.ts';
import type { Verdict } from './track.ts';

/** An analysed snapshot. */
export interface Look {
  participantId: string;
  tenant: string;
  userId: string;
  examId: string;
  /** JPEG as received. */
  image: Uint8Array;
  /** When it was taken, milliseconds since 1970. */
  at: number;
  observation: FrameObservation;
  frame: Frame;
  /** Whether phones were looked for. */
  phones: boolean;
  /** Whether the face was embedded. */
  embedded: boolean;
}

export interface Judged {
  verdicts: Verdict[];
  /** What to remember about this participant until the next snapshot: JSON, a few KB at most. */
  memory?: unknown;
}

/**
 * Says what a snapshot shows. It may be called again for the same snapshot if another server was faster, so it knows nothing of
 * the past but its memory, which is stored with the participant.
 */
export interface Judge {
  /** Key of its memory. */
  name: string;
  judge(look: Look, memory: unknown): Judged | Promise<Judged>;
}
