import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Frame, VisionProvider } from '../../src/adapters/vision/vision.ts';
import { mapOrdered } from '../../src/async/map-ordered.ts';
import { analyseMedia, type AnalysisInput, type AnalysisOutcome } from '../../src/services/analysis/analyse.ts';
import { toWarnings } from '../../src/services/analysis/episodes.ts';
import { watchScreen } from '../../src/services/analysis/judge-screen.ts';
import { scoreLookingAway } from '../../src/services/analysis/looking-away.ts';
import { findEpisodes, rulesFor, type Sensitivity, type SignSample } from '../../src/services/analysis/sign-track.ts';
import { type Segment, shareOfSamples, shareOfTime, smooth, spanTimes, toSegments } from '../../src/services/analysis/timeline.ts';
import { watchWebcam } from '../../src/services/analysis/watch-webcam.ts';
import { childProcesses, dataFile, ffmpeg, film, makeMedia, pictures, speech, tempDir, VP8 } from '../helpers/media.ts';

// Its workers are compiled files, so the provider is taken from there too.
const built = new URL('../../dist/src/adapters/vision/local/vision-local.js', import.meta.url).href;
const { createLocalVision } = (await import(built)) as { createLocalVision: (options: { workers: number }) => VisionProvider };
const vision = createLocalVision({ workers: 2 });
afterAll(() => vision.dispose());

async function analyse(path: string, options: Partial<AnalysisInput> = {}): Promise<AnalysisOutcome> {
  const input: AnalysisInput = { path, format: 'webm', type: 'WEBCAM', sensitivity: 'HIGH', workDir: tempDir(), ...options };
  return analyseMedia(input, { vision, ffmpeg }, { onProgress: () => {}, signal: new AbortController().signal });
}

/** Start and end of all segments of a type, in whole seconds. */
const times = ({ segments }: AnalysisOutcome, type: string) =>
  segments.filter((segment) => segment.type === type).map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);

/** Each pair within one sample of the truth. */
function expectTimes(found: number[][], truth: number[][]): void {
  expect(found).toHaveLength(truth.length);
  for (const [index, bounds] of truth.entries()) {
    for (const [side, seconds] of bounds.entries()) expect(Math.abs((found[index]?.[side] ?? NaN) - seconds)).toBeLessThanOrEqual(1);
  }
}

function expectShares({ faceDetection }: AnalysisOutcome, truth: NonNullable<AnalysisOutcome['faceDetection']>): void {
  expect(faceDetection).not.toBeNull();
  const { facePresent = 0, multipleFaces = 0, noFace = 0 } = faceDetection ?? {};
  expect(facePresent + multipleFaces + noFace).toBeCloseTo(1, 9);
  expect(facePresent).toBeCloseTo(truth.facePresent, 1);
  expect(multipleFaces).toBeCloseTo(truth.multipleFaces, 1);
  expect(noFace).toBeCloseTo(truth.noFace, 1);
}

test('a webcam recording is described second by second, and each episode raises one warning', async () => {
  const path = join(tempDir(), 'exam.webm');
  const { oneFace, noFace, severalFaces, turnedAway, phone } = pictures;
  await film(path, [
    { picture: oneFace, seconds: 6 },
    { picture: noFace, seconds: 5 },
    { picture: oneFace, seconds: 4 },
    { picture: severalFaces, seconds: 5 },
    { picture: turnedAway, seconds: 5 },
    ...(phone ? [{ picture: { file: phone }, seconds: 5 }] : []),
  ]);
  const outcome = await analyse(path);
  const seconds = phone ? 30 : 25;
  expect(outcome.duration).toBeCloseTo(seconds, 0);
  expect(outcome.sampledFrames).toBe(seconds);
  expect(outcome.detector).toBe(vision.detector);
  expect(outcome.screen).toBeNull();
  expectTimes(times(outcome, 'multiple_faces'), [[15, 20]]);
  expectTimes(
    times(outcome, 'no_face'),
    phone
      ? [
          [6, 11],
          [25, 30],
        ]
      : [[6, 11]],
  );
  expectTimes(times(outcome, 'looking_away'), [[20, 25]]);
  expectTimes(times(outcome, 'phone_usage'), phone ? [[25, 30]] : []);
  expectShares(outcome, { facePresent: 15 / seconds, multipleFaces: 5 / seconds, noFace: (phone ? 10 : 5) / seconds });
  expect(outcome.suspiciousActivity?.talking).toBeNull();
  expect(outcome.suspiciousActivity?.lookingAway).toBeCloseTo(5 / seconds, 1);
  expect(outcome.warnings.map(({ type }) => type)).toEqual([
    'no_face',
    'multiple_faces',
    'looking_away',
    ...(phone ? ['phone_usage'] : []),
  ]);
  // At HIGH, 14 s without it do not make two of it.
  const [end, details] = phone ? [30, 'No face for 10 s within 24 s'] : [11, 'No face for 5 s'];
  expect(outcome.warnings[0]).toMatchObject({ startSeconds: 6, endSeconds: end, details });
});

test('somebody who looks ahead and talks raises only a talking warning', async (context) => {
  const dir = tempDir();
  const sound = await speech(dir, 4);
  if (!sound) context.skip('there is neither recorded nor synthetic speech');
  const path = join(dir, 'exam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds: 12 }], sound ?? []);
  const outcome = await analyse(path);
  expectShares(outcome, { facePresent: 1, multipleFaces: 0, noFace: 0 });
  expectTimes(times(outcome, 'talking'), [[4, 9]]);
  expect(outcome.suspiciousActivity).toMatchObject({ phoneUsage: 0, lookingAway: 0 });
  expect(outcome.warnings).toMatchObject([{ type: 'talking' }]);
  expect((await analyse(path, { sensitivity: 'LOW' })).warnings).toEqual([]);
});

test('sound without speech does not count as talking', async () => {
  const path = join(tempDir(), 'exam.webm');
  await film(
    path,
    [{ picture: pictures.oneFace, seconds: 4 }],
    ['-f', 'lavfi', '-i', 'anoisesrc=duration=4:seed=1:color=pink:amplitude=0.05'],
  );
  const outcome = await analyse(path);
  expect(outcome.suspiciousActivity).toEqual({ phoneUsage: 0, lookingAway: 0, talking: 0 });
  expect(outcome.warnings).toEqual([]);
});

test('the analysis of a screen recording says when the screen was idle or blank', async () => {
  const path = join(tempDir(), 'screen.webm');
  const shots = ['testsrc=duration=5', 'smptebars=duration=6', 'color=white:duration=5'];
  const inputs = shots.flatMap((shot) => ['-f', 'lavfi', '-i', `${shot}:size=640x360:rate=10`]);
  await makeMedia(...inputs, '-filter_complex', '[0][1][2]concat=n=3', ...VP8, path);
  const outcome = await analyse(path, { type: 'SCREEN' });
  expectTimes(times(outcome, 'screen_idle'), [
    [5, 10],
    [11, 16],
  ]);
  expectTimes(times(outcome, 'screen_blank'), [[11, 16]]);
  expect(outcome.screen?.blank).toBeCloseTo(5 / 16, 1);
  expect(outcome).toMatchObject({ faceDetection: null, suspiciousActivity: null, warnings: [], sampledFrames: 16 });
});

const synthetic = dataFile('video/synthetic_60s.webm');
test.skipIf(!synthetic)('the synthetic minute is analysed exactly as it was made', async () => {
  const path = synthetic ?? '';
  const rows = (await readFile(path.replace('.webm', '.csv'), 'utf8')).trim().split('\n').slice(1);
  const truth = rows.map((row) => row.split(',').map(Number) as [number, number, number, number, number, number]);
  const outcome = await analyse(path, { sensitivity: 'MEDIUM' });
  expect(outcome.duration).toBeCloseTo(60, 0);
  const total = (matches: (row: (typeof truth)[number]) => boolean) =>
    truth.filter(matches).reduce((sum, [from, to]) => sum + to - from, 0) / 60;
  expectShares(outcome, {
    facePresent: total((row) => row[2] === 1),
    multipleFaces: total((row) => row[2] > 1),
    noFace: total((row) => row[2] === 0),
  });
  for (const [column, type] of [
    [3, 'phone_usage'],
    [4, 'looking_away'],
    [5, 'talking'],
  ] as const) {
    expectTimes(
      times(outcome, type),
      truth.filter((row) => row[column] === 1).map(([from, to]) => [from, to]),
    );
  }
  expect(outcome.warnings.map(({ type }) => type)).toEqual([
    'no_face',
    'multiple_faces',
    'talking',
    'no_face',
    'phone_usage',
    'looking_away',
  ]);
});

const focused = dataFile('video/real_center_focus.webm');
test.skipIf(!focused)('a real person who works raises no warning', async () => {
  const outcome = await analyse(focused ?? '');
  expect(outcome.warnings).toEqual([]);
  expectShares(outcome, { facePresent: 1, multipleFaces: 0, noFace: 0 });
});

const glancing = dataFile('video/real_center_left_center.webm');
test.skipIf(!glancing)('a real person who looks aside with only the eyes is detected', async () => {
  const outcome = await analyse(glancing ?? '');
  expectTimes(times(outcome, 'looking_away'), [[5.5, 10.25]]);
  expect(outcome.warnings).toMatchObject([{ type: 'looking_away' }]);
});

test('progress rises to the end, and an abort ends ffmpeg immediately', async () => {
  const path = join(tempDir(), 'exam.webm');
  await film(path, [{ picture: pictures.noFace, seconds: 20 }]);
  const input: AnalysisInput = { path, format: 'webm', type: 'WEBCAM', sensitivity: 'LOW', workDir: tempDir() };
  const reports: number[] = [];
  const onProgress = (_stage: string, fraction: number) => void reports.push(fraction);
  await analyseMedia(input, { vision, ffmpeg }, { onProgress, signal: new AbortController().signal });
  expect(reports).toEqual(reports.toSorted((a, b) => a - b));
  expect(reports.at(-1)).toBeGreaterThan(0.85);

  const abort = new AbortController();
  const reason = new Error('stop');
  const stopped = analyseMedia(
    input,
    { vision, ffmpeg },
    { onProgress: (_stage, fraction) => fraction > 0.1 && abort.abort(reason), signal: abort.signal },
  );
  await expect(stopped).rejects.toBe(reason);
  await expect.poll(childProcesses).toBe(0);
});

// The rules by themselves.

const second = <State>(state: State, start: number) => ({ start, end: start + 1, state, score: 1 });
const bounds = (segments: readonly Segment[]) => segments.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);

/** One sample per second; a longer step is a time without samples. */
const sampled = (shown: readonly (boolean | null)[], score = 1, steps: readonly number[] = []): SignSample[] => {
  let at = 0;
  return shown.map((isOn, index) => {
    const lapse = index === 0 ? 0 : (steps[index] ?? 1) * 1_000;
    at += lapse;
    return { at, lasts: 1_000, lapse, isOn, score };
  });
};
const on = (seconds: number) => Array.from({ length: seconds }, () => true);
const off = (seconds: number) => Array.from({ length: seconds }, () => false);
const found = (samples: readonly SignSample[], sensitivity: Sensitivity, type = 'no_face') =>
  findEpisodes(samples, rulesFor(type, sensitivity)).map(({ since, until }) => [since / 1_000, until / 1_000]);

test('an episode needs three sightings and the hold time, and goes on while near ones follow', () => {
  expect(found(sampled([...on(2), ...off(60)]), 'HIGH')).toEqual([]);
  expect(found(sampled([...on(3), ...off(60)]), 'HIGH')).toEqual([[0, 3]]);
  expect(found(sampled(on(4)), 'MEDIUM')).toEqual([]);
  expect(found(sampled(on(5)), 'MEDIUM')).toEqual([[0, 5]]);
  const twice = sampled([...on(12), ...off(12), ...on(12)]);
  expect(found(twice, 'MEDIUM')).toEqual([[0, 36]]);
  expect(found(twice, 'LOW')).toEqual([
    [0, 12],
    [24, 36],
  ]);
});

test('one second in two is a pattern, one in twelve is none', () => {
  const half = Array.from({ length: 60 }, (_, at) => at % 2 === 0);
  const seldom = Array.from({ length: 600 }, (_, at) => at % 12 === 0);
  expect(found(sampled(half), 'LOW')).toEqual([[0, 59]]);
  expect(found(sampled(seldom), 'MEDIUM')).toEqual([]);
});

test('a time without samples ends an episode and does not lengthen it', () => {
  const steps = [...Array.from({ length: 12 }, () => 1), 40];
  expect(found(sampled(on(24), 1, steps), 'LOW')).toEqual([
    [0, 12],
    [51, 63],
  ]);
});

test('a warning tells for how long something was seen, and a low score raises none', () => {
  const details = (samples: readonly SignSample[]) => toWarnings({ no_face: samples }, 'MEDIUM').map((warning) => warning.details);
  expect(details(sampled(on(185)))).toEqual(['No face for 3 min 5 s']);
  expect(details(sampled([...on(6), ...off(10), ...on(6)]))).toEqual(['No face for 12 s within 22 s']);
  expect(toWarnings({ phone_usage: sampled(on(12), 0.23) }, 'MEDIUM')).toHaveLength(1);
  expect(toWarnings({ phone_usage: sampled(on(12), 0.23) }, 'LOW')).toEqual([]);
});

test('for any samples, every episode lies within one of the next higher sensitivity, and HIGH does not flood', () => {
  const sample = fc.record({ isOn: fc.constantFrom(true, false, true, false, null), score: fc.double({ min: 0, max: 1, noNaN: true }) });
  const step = fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 90 }) });
  fc.assert(
    fc.property(fc.array(fc.tuple(sample, step), { minLength: 1, maxLength: 600 }), (series) => {
      let at = 0;
      const samples = series.map(([{ isOn, score }, seconds], index) => {
        const lapse = index === 0 ? 0 : seconds * 1_000;
        at += lapse;
        return { at, lasts: 1_000, lapse, isOn, score };
      });
      const [low, medium, high] = (['LOW', 'MEDIUM', 'HIGH'] as const).map((one) => found(samples, one)) as [
        number[][],
        number[][],
        number[][],
      ];
      const isWithin =
        (all: number[][]) =>
        ([from = 0, to = 0]: number[]) =>
          all.some(([since = 0, until = 0]) => since <= from && to <= until);
      expect(low.every(isWithin(medium))).toBe(true);
      expect(medium.every(isWithin(high))).toBe(true);
    }),
  );
  const flickers = Array.from({ length: 600 }, (_, at) => at % 6 < 3);
  expect(found(sampled(flickers), 'HIGH')).toHaveLength(1);
});

const states = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 });
const runsOf = (seen: readonly boolean[]) => toSegments(seen.map(second), (state) => (state ? 'no_face' : null));

test('for any input, segments cover exactly the time of their state, and shares add up', () => {
  fc.assert(
    fc.property(states, (seen) => {
      const spans = seen.map(second);
      const covered = runsOf(seen).reduce((sum, run) => sum + run.endSeconds - run.startSeconds, 0);
      expect(covered).toBe(seen.filter(Boolean).length);
      expect(shareOfTime(spans, true)).toBeCloseTo(covered / seen.length, 12);
      expect(shareOfSamples(spans, true) + shareOfSamples(spans, false)).toBeCloseTo(1, 12);
    }),
  );
});

test('smoothing removes a flicker that stands alone, and leaves what comes and goes as it is', () => {
  const seen = (text: string) => Array.from(text, (letter, at) => second(letter === '1', at));
  const smoothed = (text: string) =>
    smooth(seen(text))
      .map(({ state }) => (state ? '1' : '0'))
      .join('');
  expect(smoothed('0001000')).toBe('0000000');
  expect(smoothed('1101111')).toBe('1111111');
  expect(smoothed('1010101010')).toBe('1010101010');
  expect(smoothed('00011000')).toBe('00011000');
});

/** Second by second: where somebody's eyes are, the head being still. */
const watching = (seconds: number, gazeAt: (second: number) => number) => {
  const faces = Array.from({ length: seconds }, (_, at) => ({
    box: { x: 0, y: 0, width: 150, height: 150 },
    score: 1,
    pose: { yaw: 0, pitch: 0, roll: 0 },
    gaze: gazeAt(at) + 0.01 * Math.sin(at * 7),
  }));
  const scores = scoreLookingAway(
    faces,
    faces.map((_face, at) => at),
  );
  return scores.flatMap((score, at) => (score > 0 ? [at] : []));
};

test('somebody who slowly sinks into the chair over three hours does not count as looking away', () => {
  const seconds = 10_800;
  const sinking = (at: number) => 0.41 + (0.18 * at) / seconds;
  expect(watching(seconds, sinking)).toEqual([]);
  // Glances off to that side are seen at any time.
  const glances = Array.from({ length: 10 }, (_, index) => 500 + index * 1_000);
  expect(watching(seconds, (at) => sinking(at) + (glances.includes(at) ? 0.16 : 0))).toEqual(glances);
});

test('somebody who looks aside for most of a few minutes still counts as looking away', () => {
  const found = watching(3_600, (at) => (at >= 1_200 && at < 1_700 ? 0.65 : 0.5));
  expect(found).toEqual(Array.from({ length: 500 }, (_, index) => 1_200 + index));
});

test('eyes are judged neither by one glance nor while it is unknown where the screen is', () => {
  // Hardly more time ahead than aside: which is which?
  expect(watching(14, (at) => (at < 8 ? 0.5 : 0.65))).toEqual([]);
  expect(watching(3_600, (at) => (at % 100 < 45 ? 0.65 : 0.5))).toEqual([]);
});

test('a frame says nothing about a time without frames', () => {
  const spans = spanTimes([0, 1, 30, 31], { duration: 31.5, interval: 1, longest: 5 });
  expect(spans).toEqual([
    { start: 0, end: 1 },
    { start: 1, end: 6 },
    { start: 30, end: 31 },
    { start: 31, end: 31.5 },
  ]);
  const segments = toSegments(
    spans.map(({ start, end }) => ({ start, end, state: true, score: 1 })),
    () => 'no_face',
  );
  expect(bounds(segments)).toEqual([
    [0, 6],
    [30, 31.5],
  ]);
});

test('a still picture is analysed once, and once more to look for phones', async () => {
  const still = new Uint8Array(64 * 48 * 3).fill(120);
  const flickering = still.map((value, at) => value + (at % 3));
  const moved = still.map((value, at) => (at === 300 ? value + 40 : value));
  async function* frames() {
    for (const [time, data] of [still, flickering, still, still, still, still, moved, moved].entries()) {
      yield { time, frame: { data: data.slice(), width: 64, height: 48 }, release: () => {} };
    }
  }
  const looks: Uint8Array[] = [];
  const counting = {
    parallel: 2,
    async observe({ data }: { data: Uint8Array }) {
      looks.push(data);
      return { faces: [], phones: [] };
    },
  } as unknown as VisionProvider;
  const samples = [];
  for await (const sample of watchWebcam(frames(), counting)) samples.push(sample.time);
  expect(samples).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  // One changed pixel is another picture; at the end nobody knows whether a phone came in, so it is looked for.
  expect(looks.slice(0, 2)).toEqual([still, moved]);
  expect(looks.length).toBeLessThanOrEqual(4);
});

test('a face on a phone is no second person in the frames between two looks for phones either', async () => {
  async function* frames() {
    for (let time = 0; time < 9; time += 1) {
      yield { time, frame: { data: new Uint8Array(64 * 48 * 3).fill(100 + 5 * time), width: 64, height: 48 }, release: () => {} };
    }
  }
  const box = { x: 0, y: 0, width: 20, height: 20 };
  const face = { box, score: 0.9, pose: { yaw: 0, pitch: 0, roll: 0 }, gaze: null };
  const showing = {
    parallel: 1,
    // Only a look for phones tells which face is on one.
    async observe(_frame: Frame, { phones }: { phones: boolean }) {
      return { faces: phones ? [face] : [face, face], covered: false, phones: phones ? [{ box, score: 0.6 }] : [] };
    },
  } as unknown as VisionProvider;
  const counted = [];
  for await (const { faces, phone } of watchWebcam(frames(), showing)) counted.push([faces.length, phone]);
  expect(counted).toEqual(Array.from({ length: 9 }, () => [1, 0.6]));
});

test.each([
  ['where nothing moves', () => 0, [0, 10, 20]],
  ['where somebody moves', (time: number) => 30 * (time % 2), Array.from({ length: 25 }, (_, time) => time)],
])('somebody without a face is looked for once in ten seconds in a room %s', async (_where, move, expected) => {
  async function* frames() {
    for (let time = 0; time < 25; time += 1) {
      // The noise of a camera, so that no two pictures are the same, and a place that may change.
      const data = Uint8Array.from({ length: 160 * 120 * 3 }, (_value, at) => {
        const [x, y] = [Math.floor(at / 3) % 160, Math.floor(at / 480)];
        return 120 + ((at * 7_919 + time * 104_729) % 9) + (x >= 80 && x < 96 && y >= 60 && y < 72 ? move(time) : 0);
      });
      yield { time, frame: { data, width: 160, height: 120 }, release: () => {} };
    }
  }
  const looked: number[] = [];
  let frame = 0;
  const empty = {
    parallel: 1,
    async observe(_frame: Frame, { people }: { people?: boolean }) {
      if (people !== false) looked.push(frame);
      frame += 1;
      return { faces: [], covered: people !== false, phones: [] };
    },
  } as unknown as VisionProvider;
  const covered = [];
  for await (const sample of watchWebcam(frames(), empty)) covered.push(sample.covered);
  expect(looked).toEqual(expected);
  // What the look found holds for the frames after it.
  expect(covered).toEqual(Array.from({ length: 25 }, () => true));
});

test.each([
  ['a webcam', watchWebcam],
  ['a screen', watchScreen],
])('the analysis of %s returns frame buffers for reuse and does not read them afterwards', async (_, watch) => {
  const memory: Uint8Array[] = [];
  let made = 0;
  async function* frames(reuse: boolean) {
    for (let time = 0; time < 120; time++) {
      const data = memory.pop() ?? new Uint8Array(64 * 48 * 3);
      made += data[0] === 0 ? 1 : 0;
      // Every third picture is that before it, and a phone comes and goes.
      data.fill(10 + time - (time % 3 === 2 ? 1 : 0));
      const release = () => {
        data.fill(255);
        if (reuse) memory.push(data);
      };
      yield { time, frame: { data, width: 64, height: 48 }, release: reuse ? release : () => {} };
    }
  }
  const slow = {
    parallel: 2,
    async observe({ data }: Frame) {
      await setImmediate();
      const value = data[0] ?? 0;
      const box = { x: value % 40, y: 4, width: 20, height: 20 };
      return { faces: [{ box, score: value / 255, pose: null, gaze: null }], phones: value % 20 > 12 ? [{ box, score: value / 255 }] : [] };
    },
  } as unknown as VisionProvider;
  const watched = async (reuse: boolean) => {
    const samples = [];
    for await (const sample of watch(frames(reuse), slow)) samples.push(structuredClone(sample));
    return samples;
  };
  const kept = await watched(false);
  made = 0;
  expect(await watched(true)).toEqual(kept);
  expect(made).toBeLessThan(40);
});

test('mapOrdered returns results in order, however long each takes, and runs no more than the limit', async () => {
  async function* numbers() {
    for (let number = 0; number < 20; number += 1) yield number;
  }
  let underWay = 0;
  let most = 0;
  const results: number[] = [];
  const doubled = mapOrdered(numbers(), 3, async (number) => {
    most = Math.max(most, (underWay += 1));
    await new Promise((resolve) => setTimeout(resolve, (number * 7) % 5));
    underWay -= 1;
    return number * 2;
  });
  for await (const result of doubled) results.push(result);
  expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index * 2));
  expect(most).toBe(3);
});
