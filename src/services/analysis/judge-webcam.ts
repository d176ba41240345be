import type { TimeRange } from '../../adapters/media/ffmpeg.ts';
import type { ObservedFace } from '../../adapters/vision/vision.ts';
import { type Signs, toSamples } from './episodes.ts';
import { type FacePlace, findPortraits, NOWHERE } from './face-places.ts';
import { scoreLookingAway } from './looking-away.ts';
import { JITTER } from './sign-track.ts';
import { shareOfSamples, shareOfTime, smooth, type Segment, type Span, spanTimes, toSegments, usualInterval } from './timeline.ts';
import type { WebcamSample } from './watch-webcam.ts';

/** Fractions of the sampled frames with exactly one face (covered or not), several, none; they add up to 1. */
export interface FaceDetection {
  facePresent: number;
  multipleFaces: number;
  noFace: number;
}

/** Fractions of the sampled time; `talking` is null without sound. */
export interface SuspiciousActivity {
  phoneUsage: number;
  lookingAway: number;
  talking: number | null;
}

/** How often "no face" is correct; the detector gives no score for what it does not see. */
const NO_FACE_SCORE = 0.95;
/** How often "covered or cut" is correct. Measured: 32 of 270 parts of pictures without people, 2 of 487 portraits. */
const COVERED_SCORE = 0.9;

/** Measured on pictures of phones in the hand: 10 of 12 found, 0 false of 295, mirrored 10 and 1. docs/quality.md has more. */
export const PHONE_SURE = 0.165;
export const PHONE_UNSURE = 0.1;

/** Seconds. A person moves within one; a camera may hang for a few. */
const FROZEN_SECONDS = 20;
/** Fewer pictures are not enough to say so, however long they took to come. */
const FROZEN_PICTURES = 10;
/** Seconds for which the only face may stand still in a picture that does not. */
const FACE_STILL_SECONDS = 120;
/** How often a finding of a black or frozen camera is correct. */
export const CAMERA_SCORE = 0.95;

type FaceState = 'face_present' | 'face_covered' | 'multiple_faces' | 'no_face' | 'camera_black';
type StillState = 'camera_frozen' | 'face_still' | null;

interface Timing {
  /** Length of the recording in seconds. */
  duration: number;
  /** Between samples, seconds. */
  interval: number;
  /** Times in which sound continued without pictures, in seconds, sorted. */
  stalls: readonly TimeRange[];
}

/** Seconds between two judgements of sound. */
const TALK_INTERVAL = 1;

const is = (sign: FaceState | StillState | boolean) => (state: unknown) => state === sign;

/** Turns what was seen and heard into figures, segments, and the samples of which warnings are made. Only segments are smoothed. */
export function judgeWebcam(
  samples: readonly WebcamSample[],
  talk: readonly Span<boolean>[] | null,
  { duration, interval, stalls }: Timing,
) {
  const usual = usualInterval(
    samples.map(({ time }) => time),
    interval,
  );
  const times = spanTimes(
    samples.map(({ time }) => time),
    { duration, interval: usual, longest: usual * JITTER },
  );
  const timeline = <State>(judge: (sample: WebcamSample, index: number) => { state: State; score: number }) =>
    samples.map((sample, index) => ({ start: sample.time, end: sample.time, ...times[index], ...judge(sample, index) }));

  const portraits = findPortraits(samples);
  const people = samples.map(({ faces, places }) => faces.filter((_face, index) => !portraits.has(places[index] ?? NOWHERE)));
  const stillStates = judgeStillness(samples, people);
  const awayScores = scoreLookingAway(
    people.map((faces, index) => (faces.length === 1 && stillStates[index] === null ? (faces[0] ?? null) : null)),
    samples.map(({ time }) => time),
  );
  const faces = timeline(({ picture, covered }, index) => judgeFaces(people[index] ?? [], { black: picture.black, covered }));
  const seenStill = timeline((_sample, index) => ({ state: stillStates[index] ?? null, score: CAMERA_SCORE }));
  const still = withStalls(seenStill, stalls);
  const phoneScores = keepSighted(samples.map(({ phone }) => phone));
  const phone = timeline((_sample, index) => yesNo(phoneScores[index] ?? 0));
  const away = timeline((_sample, index) => yesNo(awayScores[index] ?? 0));

  return {
    faceDetection: {
      facePresent: shareOfSamples(faces, 'face_present') + shareOfSamples(faces, 'face_covered'),
      multipleFaces: shareOfSamples(faces, 'multiple_faces'),
      noFace: shareOfSamples(faces, 'no_face') + shareOfSamples(faces, 'camera_black'),
    } satisfies FaceDetection,
    suspiciousActivity: {
      phoneUsage: shareOfTime(phone, true),
      lookingAway: shareOfTime(away, true),
      talking: talk && shareOfTime(talk, true),
    } satisfies SuspiciousActivity,
    segments: [
      ...toSegments(smooth(faces), (state) => state),
      ...toSegments(withStalls(smooth(seenStill), stalls), (state) => state),
      ...toSegments(smooth(phone), named('phone_usage')),
      ...toSegments(smooth(away), named('looking_away')),
      ...toSegments(smooth(talk ?? []), named('talking')),
    ] satisfies Segment[],
    signs: {
      no_face: toSamples(faces, is('no_face'), usual),
      face_covered: toSamples(faces, is('face_covered'), usual),
      multiple_faces: toSamples(faces, is('multiple_faces'), usual),
      phone_usage: toSamples(phone, is(true), usual),
      looking_away: toSamples(away, is(true), usual),
      talking: toSamples(talk ?? [], is(true), TALK_INTERVAL),
      camera_black: toSamples(faces, is('camera_black'), usual),
      camera_frozen: toSamples(still, is('camera_frozen'), usual),
      face_still: toSamples(still, is('face_still'), usual),
    } satisfies Signs,
  };
}

/**
 * A face that is seen at all counts before everything else: a dim room is no black picture, a mask is no empty chair.
 * @param picture.black whether nothing is visible in it
 * @param picture.covered whether somebody is in it although no face was found
 */
export function judgeFaces(
  faces: readonly ObservedFace[],
  { black, covered }: { black: boolean; covered: boolean },
): { state: FaceState; score: number } {
  const [best, second] = faces.toSorted((a, b) => b.score - a.score);
  if (second) return { state: 'multiple_faces', score: second.score };
  if (best) return best.isCovered ? { state: 'face_covered', score: COVERED_SCORE } : { state: 'face_present', score: best.score };
  if (covered) return { state: 'face_covered', score: COVERED_SCORE };
  return black ? { state: 'camera_black', score: CAMERA_SCORE } : { state: 'no_face', score: NO_FACE_SCORE };
}

/**
 * Finds when a picture with a person in it stands still, and when the only face does. A still picture of an empty room does not
 * count: it is already reported as `no_face`.
 */
function judgeStillness(samples: readonly WebcamSample[], people: readonly (readonly ObservedFace[])[]): StillState[] {
  const runs = new Map<number, StillRun>();
  for (const { time, picture } of samples) {
    runs.set(picture.stillSince, { seconds: time - picture.stillSince, pictures: picture.stillPictures });
  }
  const steadiest = ({ steadiest: seconds }: FacePlace) => seconds;
  return samples.map((sample, index) => stillState(sample, people[index] ?? [], runs.get(sample.picture.stillSince), steadiest));
}

/** A camera that sends nothing for that long has frozen, like one that sends the same picture; a shorter stall is inconclusive. */
function withStalls(spans: readonly Span<StillState>[], stalls: readonly TimeRange[]): Span<StillState>[] {
  const frozen = stalls
    .filter(({ start, end }) => end - start >= FROZEN_SECONDS)
    .map(({ start, end }): Span<StillState> => {
      // The last picture before it already covers some seconds.
      const told = spans.findLast((span) => span.start <= start)?.end ?? 0;
      return { start: Math.max(start, told), end, state: 'camera_frozen', score: CAMERA_SCORE };
    });
  return [...spans, ...frozen].toSorted((a, b) => a.start - b.start);
}

/** Pictures in a row that show the same. */
interface StillRun {
  seconds: number;
  pictures: number;
}

/**
 * The state of one sample.
 * @param run the still run that it belongs to, as far as it is known
 * @param steady seconds for which a face was seen not to move
 */
export function stillState(
  { faces, places }: Pick<WebcamSample, 'faces' | 'places'>,
  people: readonly ObservedFace[],
  run: StillRun | undefined,
  steady: (place: FacePlace) => number,
): StillState {
  const [person] = people;
  if (!person) return null;
  if (run && run.seconds >= FROZEN_SECONDS && run.pictures >= FROZEN_PICTURES) return 'camera_frozen';
  const place = places[faces.indexOf(person)] ?? NOWHERE;
  return people.length === 1 && steady(place) >= FACE_STILL_SECONDS ? 'face_still' : null;
}

/** Scores that count as a phone, else 0: sure ones, and unsure ones in an unbroken row between two sure ones. */
function keepSighted(scores: readonly number[]): number[] {
  const follows = (inOrder: readonly number[]) => {
    let sighted = false;
    return inOrder.map((score) => (sighted = score >= PHONE_SURE || (sighted && score >= PHONE_UNSURE)));
  };
  const forwards = follows(scores);
  const backwards = follows(scores.toReversed()).toReversed();
  return scores.map((score, index) => (forwards[index] && backwards[index] ? score : 0));
}

const yesNo = (score: number) => ({ state: score > 0, score: score > 0 ? score : 1 });

const named = (type: string) => (state: boolean) => (state ? type : null);
