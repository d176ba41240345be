import type { Seat, Signal, StreamKind } from './protocol.ts';

/** What is kept on the device of one stream of a seat. */
export interface StreamRecord extends Seat {
  kind: StreamKind;
  /** Makes the start of its recording safe to repeat; stored before the start is asked for. */
  startKey: string;
  recordingId: string | null;
  /** The index on the device of the recording's chunk 0: not 0 if an earlier recording of this seat was finished. */
  base: number;
  /** The index of the next chunk. It is stored with each chunk, so that no index is given twice, whatever happens. */
  nextIndex: number;
  /** Chunks of this recording that the server has. */
  acknowledged: number;
  /** When the newest chunk ended, server time; null before the first. */
  recordedUpTo: number | null;
  /** The index after its last chunk, set before the number is announced: what comes after belongs to another recording. */
  endIndex: number | null;
  isAnnounced: boolean;
  /** Chunks of all recordings of this stream that neither the device nor the server has, at least; absent where none is missing. */
  lost?: number;
}

/** Why the server never takes something. */
export interface Refusal {
  code: string;
  message: string;
}

/** What is known of a chunk without its bytes. */
export interface ChunkFacts {
  index: number;
  /** Bytes. */
  size: number;
  /** Server time, milliseconds since 1970. */
  startedAt: number;
  durationMs: number;
  /** The code of a refusal; empty if it is not refused. */
  refused: string;
}

/** A chunk, until the server has it. */
export interface ChunkRecord extends Seat, ChunkFacts {
  kind: StreamKind;
  bytes: ArrayBuffer;
}

/** A signal, until the server has it. */
export interface SignalRecord extends Seat {
  clientEventId: string;
  signal: Signal;
}

/** What is left to do once no more chunks come. */
export interface DutyRecord extends Seat {
  /** Whether the exam is handed in, too, or only what was recorded is sent. */
  submits: boolean;
  /** The index after the last chunk of each stream that belongs to it. */
  until: Partial<Record<StreamKind, number>>;
  stats: Record<string, unknown>;
  /** Makes the submission safe to repeat. */
  idempotencyKey: string;
  submitted: boolean;
  done: boolean;
}

/** All that the device keeps of a seat, without the bytes. */
export interface Kept {
  streams: StreamRecord[];
  chunks: Record<StreamKind, ChunkFacts[]>;
  signals: SignalRecord[];
  duty: DutyRecord | null;
}
