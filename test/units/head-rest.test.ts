// Poses for half an hour are not to be had from pictures, so the rule is entered directly.
import { expect, test } from 'vitest';
import type { ObservedFace } from '../../src/adapters/vision/vision.ts';
import { DISHONEST, HONEST, judgeSitting, SECONDS } from '../../src/evaluation/sittings.ts';
import { createHeadWatch, type HeadMemory } from '../../src/services/analysis/head-rest.ts';
import { scoreLookingAway } from '../../src/services/analysis/looking-away.ts';

const count = (found: readonly boolean[], from = 0) => found.filter((away, second) => away && second >= from).length;

test.each(HONEST.map((sitting) => [sitting.name, sitting] as const))(
  'a candidate with %s for half an hour does not count as looking away',
  (_name, sitting) => {
    const { recorded, live } = judgeSitting(sitting);
    expect(count(recorded)).toBe(0);
    // Live the first visits to the paper are not yet a habit, and the rest is not known for three minutes.
    expect(count(live)).toBeLessThanOrEqual(150);
    expect(count(live, 600)).toBe(0);
  },
);

test.each(DISHONEST.map((sitting) => [sitting.name, sitting] as const))('%s is found', (_name, sitting) => {
  const away = SECONDS.filter((second) => sitting.isAway?.(second));
  const { recorded, live } = judgeSitting(sitting);
  for (const found of [recorded, live]) {
    expect(away.filter((second) => found[second]).length / away.length).toBeGreaterThanOrEqual(0.9);
    expect(SECONDS.filter((second) => found[second] && !sitting.isAway?.(second))).toEqual([]);
  }
});

const at = (yaw: number, pitch: number): ObservedFace => ({
  box: { x: 0, y: 0, width: 150, height: 150 },
  score: 1,
  pose: { yaw, pitch, roll: 0 },
  gaze: null,
});

test('a head beyond what any screen beside a camera needs counts as away however long it stays there', () => {
  const scores = scoreLookingAway(
    SECONDS.map(() => at(55, 3)),
    SECONDS,
  );
  expect(scores.every((score) => score > 0)).toBe(true);
});

test('somebody who has never faced the camera is judged live only when three minutes have shown where the screen is', () => {
  const watch = createHeadWatch();
  const first = SECONDS.slice(0, 170).map((second) => watch.see(second, { yaw: 31, pitch: 3, roll: 0 }).score);
  expect(first.every((score) => score === 0)).toBe(true);
  for (let second = 170; second < 300; second += 1) watch.see(second, { yaw: 31, pitch: 3, roll: 0 });
  expect(watch.see(300, { yaw: 31, pitch: 3, roll: 0 }).score).toBe(0);
  expect(watch.see(301, { yaw: -10, pitch: 3, roll: 0 }).score).toBeGreaterThan(0.5);
});

test('a head watch that another server continues remembers the rest, and its memory stays small', () => {
  let memory: HeadMemory | null = null;
  const scores = SECONDS.map((second) => {
    const watch = createHeadWatch(memory);
    const { score } = watch.see(second, { yaw: 31 + 3 * Math.sin(second), pitch: second % 7 > 4 ? 34 : 4, roll: 0 });
    memory = JSON.parse(JSON.stringify(watch.memory())) as HeadMemory;
    return score;
  });
  expect(scores.filter((score) => score > 0).length).toBeLessThanOrEqual(60);
  expect(JSON.stringify(memory).length).toBeLessThan(2_500);
});
