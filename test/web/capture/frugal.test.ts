import { expect, it } from 'vitest';
import { isFrugalNow } from '../../../web/room/capture/frugal.ts';

it('fewer pictures are recorded from a minute of backlog until nearly nothing waits, and not now so and now so between', () => {
  const waiting = [0, 4, 8, 30, 60, 61, 90, 59, 30, 11, 10, 4, 30, 60];
  let isFrugal = false;
  const course = waiting.map((seconds) => (isFrugal = isFrugalNow(isFrugal, seconds * 1_000)));
  const usual = waiting.map((_seconds, n) => n < 5 || n >= 10);
  expect(course.map((now) => !now)).toEqual(usual);
});
