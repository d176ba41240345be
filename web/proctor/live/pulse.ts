import type { ExamPulse } from '../session/model.ts';

export interface PulseFacts {
  /**
   * `dead`: nothing is heard of the server; `behind`: the log is further than what is shown; `thinned`: fewer pictures are looked at than
   * come; `quiet`: nothing has happened for a while, and the server is heard; `live`: all is well.
   */
  state: 'starting' | 'dead' | 'behind' | 'thinned' | 'quiet' | 'live';
  /** Since the server was heard; null before the first pulse. */
  heardSeconds: number | null;
  online: number;
  missing: number;
  /** A second. */
  snapshots: number;
  lookedAt: number;
}

interface Readings {
  last: ExamPulse | null;
  /** When it came, by `performance.now()`. */
  receivedAt: number;
  now: number;
  /** The newest position that is shown, and since when. */
  seq: number;
  seqAt: number;
  isCutOff: boolean;
}

/** Pulses come every five seconds. */
const DEAD_MS = 12_000;
const QUIET_MS = 60_000;
/** Less than this part of the pictures: beside it, a second without a snapshot is noise. */
const THINNED = 0.85;

export function readPulse({ last, receivedAt, now, seq, seqAt, isCutOff }: Readings): PulseFacts {
  if (!last) return { state: isCutOff ? 'dead' : 'starting', heardSeconds: null, online: 0, missing: 0, snapshots: 0, lookedAt: 0 };
  const heardMs = Math.max(0, now - receivedAt);
  const { snapshotsPerSecond: snapshots, lookedAtPerSecond: lookedAt, online, missing } = last;
  const facts = { heardSeconds: Math.round(heardMs / 1_000), online, missing, snapshots, lookedAt };
  const state = () => {
    if (isCutOff || heardMs > DEAD_MS) return 'dead';
    if (seq < last.lastSeq && heardMs > 2_000) return 'behind';
    if (snapshots >= 1 && lookedAt < THINNED * snapshots) return 'thinned';
    return now - seqAt > QUIET_MS ? 'quiet' : 'live';
  };
  return { ...facts, state: state() };
}
