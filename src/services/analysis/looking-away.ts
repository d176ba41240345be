import type { ObservedFace } from '../../adapters/vision/vision.ts';
import { beyondLimits, type HeadPlace, scoreHeads } from './head-rest.ts';

/** In widths of the eye, relative to where this person's eyes rest. Measured: 37 of 38 found, 0 of 125 false. */
const GAZE_LIMIT = 0.08;
/** A median of fewer faces may itself be a glance. */
const GAZE_LEAST_SAMPLES = 12;
/** Seconds of faces that look ahead from which a rest position is known, or a share of the whole if that is shorter. */
const GAZE_LEAST_SECONDS = 120;
const GAZE_LEAST_SHARE = 0.6;
/** If the eyes wander more than this (median deviation), their rest position is unknown. */
const GAZE_MOST_SPREAD = 0.05;
/** Degrees from the median pose: a turned head moves the iris within the eye without a glance. */
const GAZE_POSE_RANGE = 10;
/** If the eyes are elsewhere for a larger share than this, the rest position is unknown. */
const GAZE_MOST_AWAY = 0.4;

/** Seconds around a face that determine its rest position: people sink into their chairs over hours. */
const WINDOW_SECONDS = 600;
/** Seconds for which one rest position is used. */
const STEP_SECONDS = 60;
/** How far it may drift from that of the whole recording: someone who looks aside for minutes does not rest there. */
const MOST_DRIFT = 0.05;

type Face = ObservedFace | null;

/**
 * How surely each face looks away, 0.5..1, or 0 if it does not; null stands for a sample without exactly one face.
 * @param times of the samples, seconds, in order; without them all samples count as one short period.
 */
export function scoreLookingAway(faces: readonly Face[], times?: readonly number[]): number[] {
  const { scores, rests } = scoreHeads(
    faces.map((face) => face?.pose ?? null),
    times,
  );
  const eyes = scoreEyesAway(faces, rests, times);
  return faces.map((_face, index) => Math.max(scores[index] ?? 0, eyes[index] ?? 0));
}

/**
 * The same for the eyes alone.
 * @param heads where each head rests
 */
export function scoreEyesAway(faces: readonly Face[], heads: readonly HeadPlace[], times?: readonly number[]): number[] {
  const ahead = faces.map((face, index) => (face && beyondLimits(face.pose, heads[index] ?? face.pose) <= 0 ? face : null));
  const restOf = times ? slidingRest(ahead, times) : constantRest(findRest(ahead, 0));
  const eyes = faces.map((face, index) => {
    const rest = restOf(index);
    return face && rest ? scoreEyes(face, rest) : 0;
  });
  const judged = faces.filter((face) => face?.gaze != null).length;
  const areKnown = eyes.filter((score) => score > 0).length <= GAZE_MOST_AWAY * judged;
  return areKnown ? eyes : faces.map(() => 0);
}

const constantRest = (rest: Rest | null) => () => rest;

/** For each sample the rest position of the eyes at that time; null if it cannot be known. @param faces that look ahead */
function slidingRest(faces: readonly Face[], times: readonly number[]): (index: number) => Rest | null {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const interval = (last - first) / Math.max(1, times.length - 1);
  const leastSamples = Math.min(GAZE_LEAST_SECONDS, GAZE_LEAST_SHARE * (last - first)) / Math.max(interval, 0.001);
  const whole = findRest(faces, leastSamples);
  if (!whole || last - first <= WINDOW_SECONDS) return constantRest(whole);
  const rests = new Map<number, Rest>();
  let from = 0;
  let to = 0;
  for (let step = 0; step * STEP_SECONDS <= last - first; step += 1) {
    const middle = first + (step + 0.5) * STEP_SECONDS;
    while ((times[from] ?? Infinity) < middle - WINDOW_SECONDS / 2) from += 1;
    while ((times[to] ?? Infinity) <= middle + WINDOW_SECONDS / 2) to += 1;
    rests.set(step, within(findRest(faces.slice(from, to), leastSamples), whole));
  }
  return (index) => rests.get(Math.floor(((times[index] ?? first) - first) / STEP_SECONDS)) ?? whole;
}

/** The rest position of a window, limited to the allowed distance from that of the whole. */
function within(rest: Rest | null, whole: Rest): Rest {
  if (!rest) return whole;
  return { ...rest, gaze: Math.min(whole.gaze + MOST_DRIFT, Math.max(whole.gaze - MOST_DRIFT, rest.gaze)) };
}

/** How this person sits and looks most of the time. */
interface Rest {
  gaze: number;
  yaw: number;
  pitch: number;
}

function scoreEyes({ pose, gaze }: ObservedFace, rest: Rest): number {
  if (gaze === null || Math.abs(pose.yaw - rest.yaw) > GAZE_POSE_RANGE || Math.abs(pose.pitch - rest.pitch) > GAZE_POSE_RANGE) return 0;
  const beyond = Math.abs(gaze - rest.gaze) - GAZE_LIMIT;
  return beyond > 0 ? Math.min(1, 0.5 + beyond / (2 * GAZE_LIMIT)) : 0;
}

function findRest(faces: readonly Face[], leastSamples: number): Rest | null {
  const ahead = faces.filter((face) => face !== null);
  const gazes = ahead.flatMap(({ gaze }) => (gaze === null ? [] : [gaze]));
  if (gazes.length < Math.max(GAZE_LEAST_SAMPLES, leastSamples)) return null;
  const gaze = median(gazes);
  if (median(gazes.map((value) => Math.abs(value - gaze))) > GAZE_MOST_SPREAD) return null;
  return { gaze, yaw: median(ahead.map(({ pose }) => pose.yaw)), pitch: median(ahead.map(({ pose }) => pose.pitch)) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
