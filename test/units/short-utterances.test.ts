// By itself, because every case of it would be minutes of film.
import { expect, test } from 'vitest';
import { findShortUtterances } from '../../src/services/analysis/short-utterances.ts';

/** A talk of so many seconds with utterances at some of them. */
const talk = (seconds: number, utterances: readonly (readonly [at: number, length: number])[], score = 0.9) =>
  Array.from({ length: seconds }, (_, second) => {
    const isOn = utterances.some(([at, length]) => second >= at && second < at + length);
    return { start: second, end: second + 1, state: isOn, score: isOn ? score : 1 };
  });
const every = (gap: number, count: number, length = 1, from = 10) =>
  Array.from({ length: count }, (_, index) => [from + index * gap, length] as const);
const found = (...[spans, talking = [], sensitivity = 'MEDIUM']: Partial<Parameters<typeof findShortUtterances>>) =>
  findShortUtterances(spans ?? [], talking, sensitivity).map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);

test('five short utterances within two minutes are one pattern, four are none, and neither are five in more time', () => {
  expect(found(talk(300, every(20, 5)))).toEqual([[10, 91]]);
  expect(found(talk(300, every(20, 4)))).toEqual([]);
  expect(found(talk(300, every(30, 5)))).toEqual([]);
});

test('the pattern goes on while they follow each other, and after a pause it is another', () => {
  expect(found(talk(900, every(20, 30)))).toEqual([[10, 591]]);
  expect(found(talk(900, [...every(20, 5), ...every(20, 5, 1, 500)]))).toEqual([
    [10, 91],
    [500, 581],
  ]);
});

test('three seconds of speech are no short utterance, two are', () => {
  expect(found(talk(300, every(20, 6, 3)))).toEqual([]);
  expect(found(talk(300, every(20, 5, 2)))).toEqual([[10, 92]]);
});

test('what is told as talking does not count once more', () => {
  expect(found(talk(300, every(20, 6)), [{ start: 25, end: 60 }])).toEqual([]);
  expect(found(talk(300, every(20, 6)), [{ start: 25, end: 35 }])).toEqual([[10, 111]]);
});

test('a higher sensitivity finds all that a lower one finds, and more', () => {
  const counts = (count: number) =>
    (['LOW', 'MEDIUM', 'HIGH'] as const).map((level) => found(talk(300, every(12, count)), [], level).length);
  expect([3, 4, 5, 8].map(counts)).toEqual([
    [0, 0, 0],
    [0, 0, 1],
    [0, 1, 1],
    [1, 1, 1],
  ]);
});

test('what the voice detector hardly takes for speech makes no pattern', () => {
  expect(found(talk(300, every(20, 5), 0.52))).toEqual([]);
});

test('a day of them is one pattern, and is found in less than the seconds that would hold up the other recordings', () => {
  const day = Array.from({ length: 86_400 }, (_, second) => ({ start: second, end: second + 1, state: second % 2 === 0, score: 0.9 }));
  // Of this process, whatever else the machine does.
  const begun = process.cpuUsage();
  expect(found(day)).toEqual([[0, 86_399]]);
  expect(process.cpuUsage(begun).user).toBeLessThan(2_000_000);
});
