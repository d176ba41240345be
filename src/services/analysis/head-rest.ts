import type { HeadPose } from '../../adapters/vision/vision.ts';

/** Where a head points most of the time, degrees. */
export interface HeadPlace {
  yaw: number;
  pitch: number;
}

/** Where it points if camera and screen are in one line; used until this person's own rest is known. */
export const FRONT: HeadPlace = { yaw: 0, pitch: 2 };

/** Degrees from the rest. Measured with `FRONT` as the rest: 14 of 14 turned heads found, 0 of 21 frontal ones reported. */
const YAW_LIMIT = 25;
const PITCH_LIMIT = 20;
/** Degrees from the camera, whatever the rest is: no screen that a camera stands beside is further aside. */
const MOST_YAW = 50;
const MOST_PITCH_DOWN = 45;
const MOST_PITCH_UP = 40;

/** Degrees: a rest further aside is none, so somebody who never turns to the screen has none. */
const MOST_REST_YAW = 35;
const MOST_REST_PITCH = 35;
/** Seconds of a pose that must be known before a rest is. */
const LEAST_SECONDS = 180;
/** Seconds from which one rest is found, and degrees by which it may differ from the one before. */
const WINDOW_SECONDS = 900;
const MOST_DRIFT = 10;
/** Degrees of one cell in which time is counted. */
const CELL = 4;
/** The most seconds that one pose stands for. */
const LONGEST_STEP = 15;

/** How far a head is beyond what counts as looking at the screen, degrees; at most 0 if it is not. */
export const beyondLimits = ({ yaw, pitch }: HeadPlace, rest: HeadPlace): number =>
  Math.max(
    Math.abs(yaw - rest.yaw) - YAW_LIMIT,
    Math.abs(pitch - rest.pitch) - PITCH_LIMIT,
    Math.abs(yaw) - MOST_YAW,
    pitch - MOST_PITCH_DOWN,
    -MOST_PITCH_UP - pitch,
  );

const toScore = (beyond: number) => (beyond > 0 ? Math.min(1, 0.5 + beyond / 40) : 0);

/** Seconds by cell, `yaw,pitch` in numbers of cells. */
type Cells = Record<string, number>;

function count(cells: Cells, { yaw, pitch }: HeadPlace, seconds: number): void {
  const key = `${Math.round(yaw / CELL)},${Math.round(pitch / CELL)}`;
  cells[key] = (cells[key] ?? 0) + seconds;
}

/** The mean of the nine cells in which most time was spent; null if too little is known. */
function modeOf(cells: Cells): HeadPlace | null {
  const all = Object.entries(cells).map(([key, seconds]) => {
    const [yaw = 0, pitch = 0] = key.split(',').map(Number);
    return { yaw, pitch, seconds };
  });
  if (all.reduce((sum, { seconds }) => sum + seconds, 0) < LEAST_SECONDS) return null;
  const around = all.map((centre) =>
    all.filter(({ yaw, pitch }) => Math.abs(yaw - centre.yaw) <= 1 && Math.abs(pitch - centre.pitch) <= 1),
  );
  const total = (some: typeof all) => some.reduce((sum, { seconds }) => sum + seconds, 0);
  const most = around.toSorted((a, b) => total(b) - total(a))[0] ?? [];
  const mean = (part: 'yaw' | 'pitch') => (CELL * most.reduce((sum, cell) => sum + cell[part] * cell.seconds, 0)) / total(most);
  return { yaw: mean('yaw'), pitch: mean('pitch') };
}

/** The rest after a window: near the one before, or, as the first, not too far aside. */
function settle(mode: HeadPlace | null, before: HeadPlace | null): HeadPlace | null {
  if (!mode) return before;
  if (!before) return Math.abs(mode.yaw) <= MOST_REST_YAW && Math.abs(mode.pitch) <= MOST_REST_PITCH ? mode : null;
  const drift = (from: number, to: number) => from + Math.min(MOST_DRIFT, Math.max(-MOST_DRIFT, to - from));
  return { yaw: drift(before.yaw, mode.yaw), pitch: drift(before.pitch, mode.pitch) };
}

/** Seconds: a longer look at the keyboard or at paper is no habit. */
const LONGEST_VISIT = 45;
/** So many of them within `WINDOW_SECONDS` are one. */
const LEAST_VISITS = 6;
/** Degrees: they go to one place above or below the rest. */
const HABIT_LEAST_PITCH = 8;
const HABIT_REACH = 15;
/** Seconds without a look there, after which the next one is another visit. */
const VISIT_GAP = 2.5;
const MOST_VISITS_KEPT = 24;

/** A time for which a head was beyond the limits, above or below its rest: start and end in seconds, and its mean pose. */
export type Visit = readonly [start: number, end: number, yaw: number, pitch: number, samples: number];

const mayBeHabit = (pose: HeadPlace, rest: HeadPlace) =>
  Math.abs(pose.pitch - rest.pitch) >= HABIT_LEAST_PITCH && Math.abs(pose.yaw - rest.yaw) <= YAW_LIMIT && beyondLimits(pose, pose) <= 0;

function extend(visit: Visit | undefined, time: number, { yaw, pitch }: HeadPlace, gap: number): Visit | null {
  if (!visit || time - visit[1] > gap) return null;
  const [start, , oldYaw, oldPitch, samples] = visit;
  const mean = (old: number, value: number) => round((old * samples + value) / (samples + 1));
  return [start, time, mean(oldYaw, yaw), mean(oldPitch, pitch), samples + 1];
}

/** Whether a visit is one of many short ones to the same place, such as the keyboard or a sheet of paper. */
function isHabit(visit: Visit, all: readonly Visit[]): boolean {
  const isShort = ([start, end]: Visit) => end - start <= LONGEST_VISIT;
  const isSamePlace = ([, , yaw, pitch]: Visit) => Math.abs(yaw - visit[2]) <= HABIT_REACH && Math.abs(pitch - visit[3]) <= HABIT_REACH;
  return isShort(visit) && all.filter((other) => isShort(other) && isSamePlace(other)).length >= LEAST_VISITS;
}

export interface HeadScores {
  /** How surely each head is turned away, 0.5..1, or 0 if it is not. */
  scores: number[];
  /** The rest at each sample. */
  rests: HeadPlace[];
}

/**
 * Judges the heads of a whole recording, each against the rest of its window of 15 minutes.
 * @param poses null where there is not exactly one face
 * @param times of the samples, seconds, in order; without them the rest is `FRONT`
 */
export function scoreHeads(poses: readonly (HeadPose | null)[], times?: readonly number[]): HeadScores {
  const rests = times ? findRests(poses, times) : poses.map(() => FRONT);
  const beyond = poses.map((pose, index) => (pose ? beyondLimits(pose, rests[index] ?? FRONT) : 0));
  const visits: Visit[] = [];
  const visitOf = new Map<number, number>();
  for (const [index, pose] of poses.entries()) {
    if (!times || !pose || (beyond[index] ?? 0) <= 0 || !mayBeHabit(pose, rests[index] ?? FRONT)) continue;
    const time = times[index] ?? 0;
    const longer = extend(visits.at(-1), time, pose, VISIT_GAP);
    if (longer) visits[visits.length - 1] = longer;
    else visits.push([time, time, pose.yaw, pose.pitch, 1]);
    visitOf.set(index, visits.length - 1);
  }
  const habits = visits.map((visit) =>
    isHabit(
      visit,
      visits.filter(([start]) => Math.abs(start - visit[0]) <= WINDOW_SECONDS / 2),
    ),
  );
  return { scores: beyond.map((degrees, index) => (habits[visitOf.get(index) ?? -1] ? 0 : toScore(degrees))), rests };
}

function findRests(poses: readonly (HeadPose | null)[], times: readonly number[]): HeadPlace[] {
  const first = times[0] ?? 0;
  const windowOf = (index: number) => Math.floor(((times[index] ?? first) - first) / WINDOW_SECONDS);
  const windows: Cells[] = [];
  for (const [index, pose] of poses.entries()) {
    const cells = (windows[windowOf(index)] ??= {});
    const step = (times[index + 1] ?? times[index] ?? 0) - (times[index] ?? 0);
    if (pose) count(cells, pose, Math.min(LONGEST_STEP, step));
  }
  let rest: HeadPlace | null = null;
  const rests = Array.from(windows, (cells) => (rest = settle(modeOf(cells ?? {}), rest)));
  return poses.map((_pose, index) => rests[windowOf(index)] ?? FRONT);
}

/** What is known of one person's head so far, as JSON. Times are seconds. */
export interface HeadMemory {
  /** Start of the window, and the latest pose in it. */
  since: number;
  last: number;
  cells: Cells;
  /** The rest of the window before; null in the first one, and while none is known. */
  settled: HeadPlace | null;
  visits: readonly Visit[];
}

/** Judges heads one by one as they come. @param before the memory of an earlier instance that saw the heads before */
export function createHeadWatch(before: HeadMemory | null = null) {
  let memory: HeadMemory | null = before;
  return {
    memory: (): HeadMemory | null => memory,

    /** How surely this head is turned away, 0.5..1, or 0 if it is not or that cannot be known yet; and its rest. */
    see(time: number, { yaw, pitch }: HeadPose): { score: number; rest: HeadPlace } {
      const pose = { yaw, pitch };
      const { since, last, cells, settled, visits } = memory ?? { since: time, last: time, cells: {}, settled: null, visits: [] };
      const isOver = time - since >= WINDOW_SECONDS;
      const step = Math.min(LONGEST_STEP, time - last);
      const now = {
        since: isOver ? time : since,
        settled: isOver ? settle(modeOf(cells), settled) : settled,
        cells: isOver ? {} : { ...cells },
      };
      count(now.cells, pose, step);
      const known = now.settled ?? settle(modeOf(now.cells), null);
      const rest = known ?? FRONT;
      const beyond = beyondLimits(pose, rest);
      const seen = beyond > 0 && mayBeHabit(pose, rest) ? withVisit(visits, time, pose, Math.max(VISIT_GAP, 1.5 * step)) : visits;
      memory = { ...now, last: time, visits: seen };
      const visit = seen.at(-1);
      const recent = seen.filter(([start]) => time - start <= WINDOW_SECONDS);
      const isHabitual = seen !== visits && visit !== undefined && isHabit(visit, recent);
      const isUnknown = known === null && shareAhead(now.cells) < LEAST_AHEAD;
      return { score: isHabitual || isUnknown ? 0 : toScore(beyond), rest };
    },
  };
}

/** Share of the time for which a head must have looked at the camera, while its rest is not known, for others to count as away. */
const LEAST_AHEAD = 0.25;

function shareAhead(cells: Cells): number {
  let [ahead, total] = [0, 0];
  for (const [key, seconds] of Object.entries(cells)) {
    const [yaw = 0, pitch = 0] = key.split(',').map((cell) => Number(cell) * CELL);
    total += seconds;
    if (beyondLimits({ yaw, pitch }, FRONT) <= 0) ahead += seconds;
  }
  return total === 0 ? 0 : ahead / total;
}

function withVisit(visits: readonly Visit[], time: number, pose: HeadPlace, gap: number): readonly Visit[] {
  const longer = extend(visits.at(-1), time, pose, gap);
  const next: Visit = longer ?? [time, time, round(pose.yaw), round(pose.pitch), 1];
  return [...(longer ? visits.slice(0, -1) : visits), next].slice(-MOST_VISITS_KEPT);
}

const round = (value: number) => Math.round(value * 10) / 10;
