import type { ObservedFace } from '../adapters/vision/vision.ts';
import { createHeadWatch } from '../services/analysis/head-rest.ts';
import { scoreLookingAway } from '../services/analysis/looking-away.ts';
import { plainFigure, type Section, type Skipped } from './section.ts';
import type { Tools } from './tools.ts';

/** Where a head points in each second of a sitting, degrees, before it trembles. */
interface Sitting {
  name: string;
  headAt: (second: number) => { yaw: number; pitch: number };
  /** Seconds in which the candidate looks elsewhere; without it never. */
  isAway?: (second: number) => boolean;
}

export const SITTING_SECONDS = 1_800;

const within = (second: number, every: number, length: number) => second % every >= every - length;
const between = (second: number, from: number, to: number) => second >= from && second < to;

/** Heads of people who do what they should, in places that are not the middle of the camera's picture. */
export const HONEST: readonly Sitting[] = [
  { name: 'camera beside the screen', headAt: () => ({ yaw: 31, pitch: 4 }) },
  { name: 'camera above the screen', headAt: () => ({ yaw: 2, pitch: 27 }) },
  { name: 'looks at the keyboard', headAt: (second) => ({ yaw: 0, pitch: within(second, 7, 3) ? 34 : 6 }) },
  { name: 'writes on scratch paper', headAt: (second) => (within(second, 90, 25) ? { yaw: -12, pitch: 36 } : { yaw: 0, pitch: 3 }) },
  { name: 'camera beside, keyboard', headAt: (second) => ({ yaw: 29, pitch: within(second, 9, 3) ? 33 : 5 }) },
  { name: 'sinks into the chair', headAt: (second) => ({ yaw: 0, pitch: 2 + (14 * second) / SITTING_SECONDS }) },
];

const elsewhere = (isAway: (second: number) => boolean, away: { yaw: number; pitch: number }, ahead = { yaw: 0, pitch: 3 }) => ({
  isAway,
  headAt: (second: number) => (isAway(second) ? away : ahead),
});

export const DISHONEST: readonly Sitting[] = [
  { name: 'a second screen, 20 s in two minutes', ...elsewhere((second) => within(second, 120, 20), { yaw: 40, pitch: 3 }) },
  { name: 'turned to somebody for four minutes', ...elsewhere((second) => between(second, 900, 1_140), { yaw: -42, pitch: 5 }) },
  { name: 'turned to a new place for ten minutes', ...elsewhere((second) => between(second, 1_000, 1_600), { yaw: 38, pitch: 3 }) },
  { name: 'reads in the lap, two minutes in ten', ...elsewhere((second) => within(second, 600, 120), { yaw: 0, pitch: 38 }) },
  {
    name: 'camera beside, turned to the other side',
    ...elsewhere((second) => within(second, 150, 20), { yaw: -20, pitch: 3 }, { yaw: 30, pitch: 3 }),
  },
];

/** The faces of a sitting, one per second; the same at every call. */
export const facesOf = ({ headAt }: Sitting): ObservedFace[] =>
  Array.from({ length: SITTING_SECONDS }, (_, second) => {
    const { yaw, pitch } = headAt(second);
    const pose = { yaw: yaw + 3 * Math.sin(second * 1.7), pitch: pitch + 2 * Math.sin(second * 2.3), roll: 0 };
    return { box: { x: 0, y: 0, width: 150, height: 150 }, score: 1, pose, gaze: null };
  });

export const SECONDS = Array.from({ length: SITTING_SECONDS }, (_, second) => second);

/** Whether each second counts as looking away: in a recording, and live with a snapshot per second. */
export function judgeSitting(sitting: Sitting): { recorded: boolean[]; live: boolean[] } {
  const faces = facesOf(sitting);
  const watch = createHeadWatch();
  return {
    recorded: scoreLookingAway(faces, SECONDS).map((score) => score > 0),
    live: faces.map(({ pose }, second) => watch.see(second, pose).score > 0),
  };
}

/** Simulated heads, shown beside measured ones: they tell what the rule does, not how well heads are measured. */
export async function evaluateSittings({ data }: Pick<Tools, 'data'>): Promise<Section | Skipped> {
  const title = 'Simulated sittings of 30 minutes: share of the seconds judged away';
  if (!(await data.rows('pose/labels.csv')))
    return { title, missing: 'pose/labels.csv (file, label) with its pictures, beside which they are shown' };
  const shares = (sittings: readonly Sitting[]) =>
    sittings.flatMap((sitting) => {
      const { recorded, live } = judgeSitting(sitting);
      const those = SECONDS.filter((second) => sitting.isAway?.(second) ?? true);
      const shareOf = (found: readonly boolean[]) => those.filter((second) => found[second]).length / those.length;
      return [
        plainFigure(`${sitting.name}: recorded`, shareOf(recorded), those.length),
        plainFigure(`${sitting.name}: live`, shareOf(live), those.length),
      ];
    });
  return {
    title,
    figures: [...shares(HONEST), ...shares(DISHONEST)],
    groups: [],
    notes: ['the first six do nothing wrong; of the others only the seconds in which they look elsewhere count'],
    plots: {},
    details: null,
  };
}
