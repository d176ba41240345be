// Looks that differ by a known amount are not to be had from pictures, so the comparison is entered directly.
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { FaceEmbedding, MainFace } from '../../src/adapters/vision/vision.ts';
import { compareFace, createIdentityWatch, learnLook } from '../../src/services/analysis/identity.ts';
import { likeness } from '../../src/services/identity/face-match.ts';
import type { FaceTemplates } from '../../src/services/identity/face-templates.ts';
import { createIdentityJudge } from '../../src/services/snapshots/identity-judge.ts';

/** Descriptors that lie `angle` radians from a first one, in one plane. */
const turned = (angle: number): FaceEmbedding => {
  const unit = (length: number) => Float32Array.from({ length }, (_, at) => (at === 0 ? Math.cos(angle) : at === 1 ? Math.sin(angle) : 0));
  return { dlib: unit(128), faceres: unit(1_024) };
};
const verified = turned(0);
/** The largest angle at which another look is learnt from the one at `from`. */
const beyond = (from: number) =>
  Array.from({ length: 1_500 }, (_, at) => from + at / 1_000).findLast((angle) => likeness(turned(from), turned(angle)) >= 0.92) ?? from;
const glasses = beyond(0);
const cap = beyond(glasses);

const face = (embedding: FaceEmbedding, more: Partial<MainFace> = {}): MainFace => ({
  box: { x: 0, y: 0, width: 150, height: 150 },
  score: 1,
  embedding,
  pose: { yaw: 0, pitch: 0, roll: 0 },
  blur: 0.3,
  brightness: 0.5,
  mayBeCovered: false,
  ...more,
});

test('a verified candidate who puts on glasses and then a cap is still the same person', () => {
  const both = face(turned(cap));
  expect(compareFace(verified, both).identity).toBe('mismatch');
  const looks = learnLook(verified, [], face(turned(glasses)));
  expect(looks).toHaveLength(1);
  expect(compareFace(verified, both, looks).identity).toBe('match');
});

test('looks never lead from one person to another: each must be like the verified face itself', () => {
  const looks = learnLook(verified, learnLook(verified, [], face(turned(glasses))), face(turned(cap)));
  expect(looks).toHaveLength(1);
  expect(compareFace(verified, face(turned(beyond(cap))), looks).identity).toBe('mismatch');
});

test('a covered face is neither another person nor another look', () => {
  const covered = face(turned(cap), { mayBeCovered: true });
  expect(compareFace(verified, covered).identity).toBe('unknown');
  expect(learnLook(verified, [], face(turned(glasses), { mayBeCovered: true }))).toEqual([]);
});

test('a finding says in how many of the clear pictures the face was unlike', () => {
  const watch = createIdentityWatch(verified);
  const stranger = face(turned(1.4));
  for (let picture = 0; picture < 6; picture += 1) watch.see(picture * 4, picture, stranger);
  watch.see(24, 6, face(turned(1.4), { mayBeCovered: true }));
  watch.see(28, 7, stranger);
  expect(watch.segments()).toMatchObject([{ type: 'face_mismatch', startSeconds: 0, endSeconds: 28 }]);
  expect(watch.describe(0)).toBe('unlike in 7 of 7 clear pictures');
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('the looks of a candidate are forgotten with the stored face, also if the same face is stored again', async () => {
  const now = performance.now.bind(performance);
  let passed = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  let stored: FaceEmbedding | null = verified;
  const faceTemplates = { find: () => Promise.resolve(stored) } as unknown as FaceTemplates;
  const { judge } = createIdentityJudge({ faceTemplates, log: pino({ level: 'silent' }) });
  const see = async (angle: number) => {
    // A stored face is read again once a minute.
    passed += 61_000;
    // The cache looks at the clock once per millisecond.
    await setTimeout(5);
    const outstanding = face(turned(angle));
    const look = { participantId: 'part_1', tenant: 'one', userId: 'user_1', at: Date.now(), embedded: true };
    const observation = { faces: [{ ...outstanding, gaze: null }], covered: false, phones: [], outstanding };
    const judged = await judge.judge({ ...look, observation } as unknown as Parameters<typeof judge.judge>[0], undefined);
    return judged.verdicts[0]?.isOn;
  };
  expect(await see(glasses)).toBe(false);
  expect(await see(cap)).toBe(false);
  stored = null;
  expect(await see(cap)).toBe(null);
  stored = verified;
  expect(await see(cap)).toBe(null);
  expect(await see(glasses)).toBe(false);
});
