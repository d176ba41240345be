import type { ObservedFace } from '../../adapters/vision.ts';

/** Degrees. Measured: 14 of 14 turned heads found, 0 of 21 frontal ones accused. */
const YAW_LIMIT = 25;
const PITCH_DOWN_LIMIT = 22;
const PITCH_UP_LIMIT = -18;

/** Of the eye's width, against the recording's median. Measured: 37 of 38, 0 of 125 false. */
const GAZE_LIMIT = 0.08;
/** A median of fewer faces may itself be a glance. */
const GAZE_LEAST_SAMPLES = 12;
/** Where the eyes wander more than this (median deviation), their rest position is not known. */
const GAZE_MOST_SPREAD = 0.05;
/** Degrees from the median pose: a turned head moves the iris within the eye without a glance. */
const GAZE_POSE_RANGE = 10;

/** How surely each face looks away, 0.5..1, or 0 where it does not; null stands for a sample without exactly one face. */
export function scoreLookingAway(faces: readonly (ObservedFace | null)[]): number[] {
  const rest = findRest(faces);
  return faces.map((face) => (face === null ? 0 : Math.max(scoreHead(face), rest ? scoreEyes(face, rest) : 0)));
}

function scoreHead({ pose }: ObservedFace): number {
  const beyond = Math.max(Math.abs(pose.yaw) - YAW_LIMIT, pose.pitch - PITCH_DOWN_LIMIT, PITCH_UP_LIMIT - pose.pitch);
  return beyond > 0 ? Math.min(1, 0.5 + beyond / 40) : 0;
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

function findRest(faces: readonly (ObservedFace | null)[]): Rest | null {
  const ahead = faces.filter((face) => face !== null && scoreHead(face) === 0).filter((face) => face !== null);
  const gazes = ahead.flatMap(({ gaze }) => (gaze === null ? [] : [gaze]));
  if (gazes.length < GAZE_LEAST_SAMPLES) return null;
  const gaze = median(gazes);
  if (median(gazes.map((value) => Math.abs(value - gaze))) > GAZE_MOST_SPREAD) return null;
  return { gaze, yaw: median(ahead.map(({ pose }) => pose.yaw)), pitch: median(ahead.map(({ pose }) => pose.pitch)) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
