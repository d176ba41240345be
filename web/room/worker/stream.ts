import type { Seat, StreamKind } from './protocol.ts';
import type { ChunkFacts, Refusal, StreamRecord } from './records.ts';

/** A chunk that the server does not have. */
export interface Item extends ChunkFacts {
  isSending: boolean;
  /** The recorder's type; null for a chunk that an earlier page left. */
  format: string | null;
  /** Not tried again before, by `performance.now()`. */
  notBefore: number;
  attempts: number;
}

/** One stream of the seat. */
export interface Stream {
  readonly kind: StreamKind;
  record: StreamRecord;
  /** By index, oldest first. */
  items: Map<number, Item>;
  /** The next index that an earlier page left; what the server has beyond it came from that page's memory. */
  leftAt: number;
  /** Whether the recording was compared with the server's. */
  isCompared: boolean;
  isComplete: boolean;
  /** Nothing more can be done for it: it is complete, or what is missing will never come. */
  isSettled: boolean;
  /** Chunks are on their way: its recording may be started without one. */
  isExpected: boolean;
  /** The server was asked to start its recording, and may have done it even if no answer came. */
  isAsked: boolean;
  /** Why its recording cannot be started. */
  block: Refusal | null;
}

export const itemOf = (facts: ChunkFacts, format: string | null = null): Item => ({
  ...facts,
  format,
  isSending: false,
  notBefore: 0,
  attempts: 0,
});

/** A stream of which nothing was recorded. */
export function blankStream(seat: Seat, kind: StreamKind): Stream {
  const record: StreamRecord = {
    ...seat,
    kind,
    startKey: crypto.randomUUID(),
    recordingId: null,
    base: 0,
    nextIndex: 0,
    acknowledged: 0,
    recordedUpTo: null,
    endIndex: null,
    isAnnounced: false,
  };
  return {
    kind,
    record,
    items: new Map(),
    leftAt: 0,
    isCompared: true,
    isComplete: false,
    isSettled: false,
    isExpected: false,
    isAsked: false,
    block: null,
  };
}
