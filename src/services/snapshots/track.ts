import { TOLERANCE_MS } from '../analysis/sign-track.ts';

/** What one snapshot says about one type of episode. */
export interface Verdict {
  /** Warning type. */
  type: string;
  /** Null if the snapshot cannot tell. */
  isOn: boolean | null;
  /** How sure it is if it is on, 0..1. */
  score: number;
}

/**
 * A run of snapshots that show the same, and its warning once it has lasted. Times are milliseconds since 1970. Nothing is known
 * between two snapshots, so a run lasts from its first to its last one.
 */
export interface Track {
  since: number;
  last: number;
  /** The first snapshot after `last` that shows the contrary; null if none does. */
  contrary: number | null;
  /** Snapshots that show it. */
  sightings: number;
  /** Sum of their scores, and the number that the mean is taken over: a contrary snapshot within the run counts as 0. */
  scores: number;
  looks: number;
  /** Null until it has lasted for the hold time. */
  warningId: string | null;
  /** For a gap: why evidence is missing. */
  cause?: GapCause;
}

/** The server was overloaded, the data was not a picture, nothing arrived, or an analysis service was unavailable. */
export type GapCause = 'overload' | 'unreadable' | 'silence' | 'unavailable';

export interface Rules {
  /** Milliseconds until it opens, and until it closes again. */
  hold: number;
  /** Minimum mean score for it to open. */
  least: number;
}

export interface Followed {
  /** Null if there is nothing left to track. */
  track: Track | null;
  /** Whether the track gets a warning now. */
  opens: boolean;
  /** The track whose warning has ended, and when. */
  ended: { track: Track; at: number } | null;
}

/** A single contrary snapshot between two that are no further apart is a detector error, as in a recording. */
const FLICKER_MS = 3_000;
const SPAN_MS = 5_000;
/** Two pictures are not enough for a warning. */
const LEAST_SIGHTINGS = 3;
/** A warning continues across a gap of at most this length: after a longer one it may not be the same episode. */
export const LONGEST_GAP_MS = 60_000;

export const confidenceOf = ({ scores, looks }: Pick<Track, 'scores' | 'looks'>) =>
  Math.round((scores / Math.max(1, looks)) * 1_000) / 1_000;

/** When a finished episode ended: with the first contrary snapshot, if that is close to the last sighting. */
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

/** Continues a track with one more snapshot, newer than all before. */
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
