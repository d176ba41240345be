// By itself, because a recording that is cut at every sample would be many recordings.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSlowGain } from '../../src/services/analysis/slow-gain.ts';

const RATE = 16_000;
const WINDOW = 512;

/** Deterministic noise, -1 to 1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** What a voice is to a gain: a tone that comes and goes, three times a second. `peak` in units of a sample. */
function voice(seconds: number, peak: number): Int16Array {
  return Int16Array.from({ length: seconds * RATE }, (_, at) => {
    const isOn = Math.floor((at / RATE) * 6) % 2 === 0;
    return isOn ? peak * Math.sin((2 * Math.PI * 180 * at) / RATE) : 0;
  });
}

function hiss(seconds: number, peak: number): Int16Array {
  const next = noise(7);
  return Int16Array.from({ length: seconds * RATE }, () => peak * next());
}

function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Quicker than `toEqual` for so many. */
const isSame = (a: Int16Array, b: Int16Array) => Buffer.from(a.slice().buffer).equals(Buffer.from(b.slice().buffer));
const peakOf = (samples: Int16Array) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
const lastSecond = (samples: Int16Array) => samples.subarray(-RATE);
const amplified = (samples: Int16Array) => createSlowGain()(samples);

test('a quiet voice becomes up to 30 dB louder, slowly and without a step', () => {
  const quiet = voice(8, 100);
  const loud = amplified(quiet);
  const gain = (at: number) => peakOf(loud.subarray(at * RATE, (at + 1) * RATE)) / 100;
  expect(gain(0)).toBeLessThan(10);
  expect(gain(7)).toBeGreaterThan(28);
  expect(peakOf(loud)).toBeLessThanOrEqual(Math.ceil(100 * 10 ** (30 / 20)));
  for (let at = 1; at < 7; at += 1) expect(gain(at)).toBeGreaterThanOrEqual(gain(at - 1) * 0.99);
});

test('a silent room and a hiss stay as they are, and a loud voice becomes hardly louder', () => {
  for (const sound of [new Int16Array(10 * WINDOW), hiss(10, 40), hiss(10, 8_000)]) {
    expect(isSame(amplified(sound), sound.subarray(0, sound.length - (sound.length % WINDOW)))).toBe(true);
  }
  expect(peakOf(amplified(voice(5, 14_000)))).toBeLessThan(15_000);
});

test('a hiss that begins in silence or after a quiet voice is not raised to the level of a voice', () => {
  const after = (before: Int16Array) => peakOf(lastSecond(amplified(joined(before, hiss(6, 2_000)))));
  expect(after(new Int16Array(3 * RATE))).toBeLessThanOrEqual(2_100);
  expect(after(voice(6, 100))).toBeLessThanOrEqual(2_100);
});

test('a shout after a whispering minute does not clip', () => {
  const sound = amplified(joined(voice(8, 60), voice(2, 32_000)));
  expect(peakOf(sound)).toBeLessThanOrEqual(32_000);
});

test('sound that begins silent is amplified like sound that does not', () => {
  const sound = amplified(joined(new Int16Array(60 * RATE), voice(8, 100)));
  expect(peakOf(lastSecond(sound))).toBeGreaterThan(2_800);
});

test('samples in pieces of any length give the same sound', () => {
  const next = noise(3);
  const sound = joined(hiss(1, 30), voice(2, 200), voice(1, 20_000), new Int16Array(700), voice(2, 90)).map((sample) => sample + next());
  const whole = amplified(sound);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 40 }), (lengths) => {
      const gain = createSlowGain();
      const parts: Int16Array[] = [];
      let at = 0;
      for (const length of [...lengths, sound.length]) {
        parts.push(gain(sound.subarray(at, at + length)).slice());
        at += length;
      }
      expect(isSame(joined(...parts), whole)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
