import type { FaceEmbedding, MainFace } from '../../adapters/vision/vision.ts';
import { likeness } from '../identity/face-match.ts';
import type { Segment } from './timeline.ts';

export type Identity = 'match' | 'mismatch' | 'unknown';

/** What one frame says about who is in front of the camera. */
export interface IdentityLook {
  identity: Identity;
  /** Calibrated probability that it is the verified person, 0..1. */
  likeness: number;
  /** Whether the picture is good enough to be unlike, and nothing covers the face. */
  isClear: boolean;
}

/** Only a good picture of a face that looks ahead may count as a mismatch; others say nothing. */
const LEAST_WIDTH = 70;
const MOST_BLUR = 0.8;
const BRIGHTNESS = { min: 0.2, max: 0.75 };
/** Degrees. */
const MOST_YAW = 15;
const MOST_PITCH = 20;

/**
 * Measured with these limits: of 327 pairs of one person the lowest likeness is .18, of 1,528 pairs of strangers .978 are below .01
 * (.978 of 852 of one group, too). The lowest likeness is .0005. What lies between says nothing, however often it is seen.
 */
const MISMATCH_LIKENESS = 0.01;
const MATCH_LIKENESS = 0.5;

/** Frames that must differ from the verified face without a match in between, and seconds between the first and the last. */
const LEAST_MISMATCHES = 5;
const LEAST_SECONDS = 12;

const isFit = ({ box, blur, brightness, pose, mayBeCovered }: MainFace) =>
  !mayBeCovered &&
  box.width >= LEAST_WIDTH &&
  blur <= MOST_BLUR &&
  brightness >= BRIGHTNESS.min &&
  brightness <= BRIGHTNESS.max &&
  Math.abs(pose.yaw) <= MOST_YAW &&
  Math.abs(pose.pitch) <= MOST_PITCH;

/**
 * A later look of the verified person, with glasses or without a cap, must be surer than a match, and different enough to be worth
 * keeping. It is compared with the verified face only, so that looks cannot lead from one person to another.
 */
const LOOK_LIKENESS = 0.9;
const SAME_LOOK_LIKENESS = 0.99;
const MOST_LOOKS = 4;

/** The looks, and this one if it is another of the verified person. */
export function learnLook(verified: FaceEmbedding, looks: readonly FaceEmbedding[], face: MainFace): readonly FaceEmbedding[] {
  if (looks.length >= MOST_LOOKS || !isFit(face) || likeness(verified, face.embedding) < LOOK_LIKENESS) return looks;
  const isKnown = [verified, ...looks].some((known) => likeness(known, face.embedding) >= SAME_LOOK_LIKENESS);
  return isKnown ? looks : [...looks, face.embedding];
}

/**
 * Compares a face with the verified one.
 * @param face null for a frame in which no face stands out
 * @param looks later looks of the verified person
 */
export function compareFace(
  verified: FaceEmbedding,
  face: MainFace | null | undefined,
  looks: readonly FaceEmbedding[] = [],
): IdentityLook {
  if (!face) return { identity: 'unknown', likeness: 0, isClear: false };
  const own = likeness(verified, face.embedding);
  const other = Math.max(0, ...looks.map((look) => likeness(look, face.embedding)));
  const like = Math.max(own, other);
  const isClear = isFit(face);
  if (own >= MATCH_LIKENESS || other >= LOOK_LIKENESS) return { identity: 'match', likeness: like, isClear };
  return { identity: like <= MISMATCH_LIKENESS && isClear ? 'mismatch' : 'unknown', likeness: like, isClear };
}

/** What is known of somebody's identity so far, as JSON. Times are seconds. */
export interface IdentityRun {
  /** Since when faces differ, how often, and the sum of their likenesses; 0 times if the last clear face matched. */
  since: number;
  last: number;
  mismatches: number;
  likenesses: number;
  /** Clear pictures since then, the differing ones included; missing in what an older server stored. */
  clear?: number;
  /** Whether the last look was inconclusive. */
  unclear: boolean;
}

export const freshRun = (): IdentityRun => ({ since: 0, last: 0, mismatches: 0, likenesses: 0, unclear: false });

/** Seconds until a suspicion is checked, and until it is forgotten if nothing confirms it. */
const SOON = 3;
export const STALE = 120;
/** How much sooner the next look comes after an unclear picture. */
const UNCLEAR_SOONER = 3;

/**
 * Whether the face is due for a comparison, `passed` seconds after the last. `every` is the rule; a suspicion shortens it until
 * it is sure.
 */
export function isDue({ mismatches, unclear }: IdentityRun, passed: number, every: number): boolean {
  if (mismatches > 0 && mismatches < LEAST_MISMATCHES) return passed >= SOON;
  return passed >= (unclear ? every / UNCLEAR_SOONER : every);
}

/** Adds one look at `time`. */
export function follow(run: IdentityRun, time: number, { identity, likeness: like, isClear }: IdentityLook): IdentityRun {
  if (identity === 'match') return freshRun();
  const isStale = run.mismatches < LEAST_MISMATCHES && time - run.last > STALE;
  const before = run.mismatches === 0 || isStale ? { ...freshRun(), since: time } : run;
  const clear = (before.clear ?? before.mismatches) + (isClear ? 1 : 0);
  if (identity === 'unknown') return { ...before, clear, unclear: true };
  const { since, mismatches, likenesses } = before;
  return { since, last: time, mismatches: mismatches + 1, likenesses: likenesses + like, clear, unclear: false };
}

/** Whether a face other than the verified one has been there long and clearly enough to be reported. */
export const isLasting = ({ since, last, mismatches }: IdentityRun) => mismatches >= LEAST_MISMATCHES && last - since >= LEAST_SECONDS;

/** How sure it is that this is somebody else, 0..1. */
export const strangeness = ({ mismatches, likenesses }: IdentityRun) => 1 - likenesses / Math.max(1, mismatches);

/** For a proctor to read. */
export const describeRun = ({ mismatches, clear = mismatches }: IdentityRun): string =>
  `unlike in ${mismatches} of ${clear} clear pictures`;

/** Requests looks at the frames of a recording and receives their results in order. */
export interface IdentityWatch {
  isDue(time: number): boolean;
  /** @param picture identifies a picture that stands still: it counts once. */
  see(time: number, picture: number, face: MainFace | null | undefined): void;
  /** Where the face differed from the verified one. */
  segments(): Segment[];
  /** What differed from `startSeconds` on; null if nothing did. */
  describe(startSeconds: number): string | null;
}

/** Seconds between looks at a recording. */
const RECORDING_EVERY = 30;

/** @param verified null if no face is known: then nothing is requested and nothing reported. */
export function createIdentityWatch(verified: FaceEmbedding | null): IdentityWatch {
  let asked = -Infinity;
  let run = freshRun();
  let picture = -1;
  let looks: readonly FaceEmbedding[] = [];
  const lasting: IdentityRun[] = [];
  return {
    isDue(time) {
      // Looks are requested ahead of their results.
      if (!verified || !isDue(run, time - asked, RECORDING_EVERY)) return false;
      asked = time;
      return true;
    },
    see(time, seen, face) {
      if (!verified || seen === picture) return;
      picture = seen;
      run = follow(run, time, compareFace(verified, face, looks));
      if (face) looks = learnLook(verified, looks, face);
      if (!isLasting(run)) return;
      if (lasting.at(-1)?.since === run.since) lasting.pop();
      lasting.push(run);
    },
    describe(startSeconds) {
      // Warnings begin at whole milliseconds.
      const found = lasting.find(({ since, last }) => since - startSeconds < 0.001 && startSeconds <= last);
      return found ? describeRun(found) : null;
    },
    segments: () =>
      lasting.map((run) => ({ type: 'face_mismatch', startSeconds: run.since, endSeconds: run.last, confidence: round(strangeness(run)) })),
  };
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;
