import { TOLERANCE_SECONDS } from '../analysis/episodes.ts';
import { LONGEST_SPAN } from '../analysis/judge-webcam.ts';

/** What one look at a snapshot says of one kind of episode. */
export interface Verdict {
  /** Of the warning. */
  type: string;
  /** Null where the snapshot cannot tell. */
  isOn: boolean | null;
  /** How sure it is where it is on, 0..1. */
  score: number;
}

/**
 * A run of snapshots that show the same, and the warning of it once it has lasted. Times are milliseconds since 1970.
 * What happened between two snapshots nobody knows, so a run counts from its first to its last one.
 */
export interface Track {
  since: number;
  last: number;
  /** The first snapshot after `last` that shows the contrary; null where none does. */
  contrary: number | null;
  /** Snapshots that show it. */
  sightings: number;
  /** Sum of their scores, and how many the mean is of: one that shows the contrary within the run counts 0. */
  scores: number;
  looks: number;
  /** Null until it has lasted for the hold time. */
  warningId: string | null;
  /** Why evidence is missing, of a gap. */
  cause?: GapCause;
}

/** The server was overloaded, what came was no picture, nothing came, or a service that looks at pictures does not. */
export type GapCause = 'overload' | 'unreadable' | 'silence' | 'unavailable';

export interface Rules {
  /** Milliseconds until it opens, and until it closes again. */
  hold: number;
  /** Mean score without which it does not open. */
  least: number;
}

export interface Followed {
  /** Null where there is nothing to follow any more. */
  track: Track | null;
  /** The track is to have a warning now. */
  opens: boolean;
  /** The track whose warning has ended, and when. */
  ended: { track: Track; at: number } | null;
}

/** One snapshot to the contrary between two that are no further apart is the detector's mistake, as in a recording. */
const FLICKER_MS = 3_000;
const SPAN_MS = LONGEST_SPAN * 1_000;
const TOLERANCE_MS = TOLERANCE_SECONDS * 1_000;
/** Nobody is accused by two pictures. */
const LEAST_SIGHTINGS = 3;
/** A warning goes on over so much of which there is no snapshot: after it nobody knows whether it is the same episode. */
export const LONGEST_GAP_MS = 60_000;

export const confidenceOf = ({ scores, looks }: Pick<Track, 'scores' | 'looks'>) =>
  Math.round((scores / Math.max(1, looks)) * 1_000) / 1_000;

/** When an episode that is over ended: with the first contrary snapshot, where that is not far from the last sighting. */
export const endOf = ({ last, contrary }: Track) => (contrary !== null && contrary - last <= SPAN_MS ? contrary : last);

const begin = (at: number, score: number): Track => ({
  since: at,
  last: at,
  contrary: null,
  sightings: 1,
  scores: score,
  looks: 1,
  warningId: null,
});

/** Goes on with a track by one more snapshot, which is newer than all before. */
export function follow(track: Track | null, { isOn, score }: Verdict, at: number, rules: Rules): Followed {
  if (track !== null && at - track.last > (track.warningId === null ? SPAN_MS : LONGEST_GAP_MS)) {
    const ended = track.warningId === null ? null : { track, at: endOf(track) };
    return { track: isOn ? begin(at, score) : null, opens: false, ended };
  }
  if (isOn === null) return { track, opens: false, ended: null };
  if (isOn) return sighted(track, score, at, rules);
  return track === null ? { track, opens: false, ended: null } : notSighted(track, at, rules);
}

function sighted(track: Track | null, score: number, at: number, { hold, least }: Rules): Followed {
  const isBroken = track === null || (track.warningId === null && track.contrary !== null && at - track.last > FLICKER_MS);
  if (isBroken) return { track: begin(at, score), opens: false, ended: null };
  const bridged = track.contrary !== null && track.warningId === null ? 1 : 0;
  const next: Track = {
    ...track,
    last: at,
    contrary: null,
    sightings: track.sightings + 1,
    scores: track.scores + score,
    looks: track.looks + 1 + bridged,
  };
  const hasLasted = at - next.since >= hold - TOLERANCE_MS && next.sightings >= LEAST_SIGHTINGS;
  return { track: next, opens: next.warningId === null && hasLasted && confidenceOf(next) >= least, ended: null };
}

function notSighted(track: Track, at: number, { hold }: Rules): Followed {
  const next = { ...track, contrary: track.contrary ?? at };
  if (track.warningId === null) return { track: track.contrary === null ? next : null, opens: false, ended: null };
  if (at - track.last < hold - TOLERANCE_MS) return { track: next, opens: false, ended: null };
  return { track: null, opens: false, ended: { track: next, at: endOf(next) } };
}
