export type Sensitivity = 'LOW' | 'MEDIUM' | 'HIGH';

/** What one sample says about one sign. Times are milliseconds. */
export interface SignSample {
  at: number;
  /** Milliseconds that it speaks for: at most the usual time between two samples. */
  lasts: number;
  /** Milliseconds since the sample before; 0 for the first. */
  lapse: number;
  /** Null if it cannot tell. */
  isOn: boolean | null;
  /** Score of the detector if it is on, 0..1. */
  score: number;
}

/** Time, milliseconds that it speaks for, score. */
type Sighting = readonly [at: number, lasts: number, score: number];

/** A sign that was seen again and again, as JSON. Times are milliseconds. */
export interface SignTrack {
  since: number;
  /** The last sample that showed it, and how long that speaks for. */
  last: number;
  lasts: number;
  /** Number of samples since `last` that show the contrary. */
  contraries: number;
  /** Samples that showed it, the milliseconds that they spoke for, and the sum of their scores. */
  sightings: number;
  seen: number;
  scores: number;
  /** Those of the last minute, until it opens; null from then on. */
  recent: readonly Sighting[] | null;
}

export interface SignRules {
  /** Milliseconds to be seen, in a stretch of which it fills at least half. */
  hold: number;
  /** Milliseconds to be seen within a minute, however scattered. */
  scattered: number;
  /** Milliseconds without it until it closes. */
  close: number;
  /** Minimum mean score to open. */
  least: number;
}

/** Seconds that a sign must fill (at least half of a stretch) to open an episode. A gap in the evidence opens after as long. */
export const HOLD_SECONDS: Record<Sensitivity, number> = { LOW: 10, MEDIUM: 5, HIGH: 2 };

/** Seconds that a sign must be seen for within a minute if it comes and goes. */
const SCATTERED_SECONDS: Record<Sensitivity, number> = { LOW: 20, MEDIUM: 10, HIGH: 5 };

/**
 * Seconds without the sign that end an episode. The more easily one opens, the longer it goes on: near ones are one warning
 * instead of many, and each episode lies within one of every higher sensitivity.
 */
const CLOSE_SECONDS: Record<Sensitivity, number> = { LOW: 10, MEDIUM: 15, HIGH: 30 };

/**
 * An episode in which no stretch reaches this mean score raises no warning. A phone that is really there scores 0.17 to 0.6; how many are
 * found by which score is in docs/quality.md.
 */
const LEAST_SCORES: Record<Sensitivity, { phone: number; other: number }> = {
  LOW: { phone: 0.25, other: 0.6 },
  MEDIUM: { phone: 0.2, other: 0.55 },
  HIGH: { phone: 0.165, other: 0.5 },
};

export const rulesFor = (type: string, sensitivity: Sensitivity): SignRules => ({
  hold: HOLD_SECONDS[sensitivity] * 1_000,
  scattered: SCATTERED_SECONDS[sensitivity] * 1_000,
  close: CLOSE_SECONDS[sensitivity] * 1_000,
  least: LEAST_SCORES[sensitivity][type === 'phone_usage' ? 'phone' : 'other'],
});

/** A length is known to about one sample; this keeps jitter of timestamps from losing an episode. */
export const TOLERANCE_MS = 500;
/** Nobody is accused by two pictures. */
const LEAST_SIGHTINGS = 3;
const LEAST_SHARE = 0.5;
const MINUTE_MS = 60_000;
/** Of a sign that is neither seen nor contradicted for so long nobody knows whether it goes on. */
const FORGOTTEN_MS = MINUTE_MS;
/** A single contrary sample may be an error of the detector, however long the time to the next. */
export const LEAST_CONTRARIES = 2;

/** The longest usual time between two samples at which a sample still speaks for the time to the next. */
export const LONGEST_RHYTHM_MS = 15_000;
/** How much later than usual a sample may come, as a factor. */
export const JITTER = 1.2;
/** Nobody knows what happened in a longer time without samples: an episode ends before it. */
export const LONGEST_LAPSE_MS = LONGEST_RHYTHM_MS * JITTER;

/** The shortest time up to a sample in which a sign was seen for long enough. */
type Stretch = Pick<SignTrack, 'since' | 'sightings' | 'seen' | 'scores'>;

interface Followed {
  /** Null if there is nothing left to follow. */
  track: SignTrack | null;
  /** Not null if this sample opens an episode. */
  opening: Stretch | null;
  /** The track that has ended before this sample, whether or not it opened. */
  ended: SignTrack | null;
}

/** Mean score of the detector, 0..1. */
export const scoreOf = ({ scores, sightings }: Pick<SignTrack, 'scores' | 'sightings'>): number =>
  Math.round((scores / Math.max(1, sightings)) * 1_000) / 1_000;

/**
 * Continues a track with one more sample, newer than all before: of a recording or live. A sign opens an episode when it was seen in
 * at least three samples and for the hold time within a stretch that it fills at least half, or for longer within a minute.
 * The stretch is the best of all that end with the sample and are no longer than a minute, so what opens at one sensitivity opens
 * at every higher one.
 */
export function followSign(track: SignTrack | null, sample: SignSample, rules: SignRules): Followed {
  const { at, lapse, isOn } = sample;
  if (track !== null && (lapse > LONGEST_LAPSE_MS || at - track.last > FORGOTTEN_MS)) {
    return { ...followSign(null, sample, rules), ended: track };
  }
  if (isOn) return { ...sighted(track, sample, rules), ended: null };
  if (isOn === null || track === null) return { track, opening: null, ended: null };
  const next = { ...track, contraries: track.contraries + 1 };
  const isOver = next.contraries >= LEAST_CONTRARIES && at - track.last >= rules.close - TOLERANCE_MS;
  return isOver ? { track: null, opening: null, ended: next } : { track: next, opening: null, ended: null };
}

function sighted(track: SignTrack | null, { at, lasts, score }: SignSample, rules: SignRules): Pick<Followed, 'track' | 'opening'> {
  const before = track ?? { since: at, sightings: 0, seen: 0, scores: 0, recent: [] };
  const recent = before.recent && [...before.recent.filter(([time]) => at - time < MINUTE_MS), [at, lasts, score] as const];
  const opening = recent && findStretch(recent, at, rules);
  const next = {
    since: before.since,
    last: at,
    lasts,
    contraries: 0,
    sightings: before.sightings + 1,
    seen: before.seen + lasts,
    scores: before.scores + score,
    recent: opening ? null : recent,
  };
  return { track: next, opening };
}

function findStretch(recent: readonly Sighting[], at: number, { hold, scattered, least }: SignRules): Stretch | null {
  const stretch = { since: at, sightings: 0, seen: 0, scores: 0 };
  for (const [time, lasts, score] of recent.toReversed()) {
    stretch.since = time;
    stretch.sightings += 1;
    stretch.seen += lasts;
    stretch.scores += score;
    if (stretch.sightings < LEAST_SIGHTINGS || stretch.scores / stretch.sightings < least) continue;
    const fills = stretch.seen + TOLERANCE_MS >= hold && stretch.seen >= LEAST_SHARE * (at + lasts - time);
    if (fills || stretch.seen + TOLERANCE_MS >= scattered) return stretch;
  }
  return null;
}

/** An episode of a sign whose samples are all known. Times are milliseconds. */
interface Episode {
  since: number;
  until: number;
  /** For how long of that it was seen. */
  seen: number;
  score: number;
}

/** The episodes in samples that are in order. */
export function findEpisodes(samples: readonly SignSample[], rules: SignRules): Episode[] {
  const ended: SignTrack[] = [];
  let track: SignTrack | null = null;
  for (const sample of samples) {
    const followed: Followed = followSign(track, sample, rules);
    if (followed.ended) ended.push(followed.ended);
    track = followed.track;
  }
  if (track) ended.push(track);
  return ended
    .filter(({ recent }) => recent === null)
    .map((one) => ({ since: one.since, until: one.last + one.lasts, seen: one.seen, score: scoreOf(one) }));
}
