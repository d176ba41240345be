import { describe, expect, it } from 'vitest';
import type { FrameObservation } from '../../src/adapters/vision/vision.ts';
import { judgeSitting, SENSITIVITIES } from '../../src/evaluation/raised/judge.ts';
import type { Pools, Scene, Sitter } from '../../src/evaluation/raised/pools.ts';
import { EPISODES, type Sitting, simulateSitting } from '../../src/evaluation/raised/sitting.ts';
import { createRandom } from '../../src/evaluation/statistics.ts';

const face = { box: { x: 10, y: 4, width: 8, height: 8 }, score: 0.95, pose: { yaw: 1, pitch: 3, roll: 0 }, gaze: 0.5 };
const alone: FrameObservation = { faces: [face], covered: false, phones: [] };
const phone: FrameObservation = { ...alone, phones: [{ score: 0.5, box: face.box }] };

const sceneOf = (file: string, ...views: FrameObservation[]): Scene => ({ file, cluster: file, labels: {}, views });
const sitterOf = (...views: FrameObservation[]): Sitter => ({
  ...sceneOf('sitter', ...views),
  cover: 'mask',
  covered: [{ ...alone, faces: [{ ...face, isCovered: true }] }],
});

/** Detectors that are never wrong. */
const poolsOf = (sitter: Sitter): Pools => ({
  sitters: [sitter],
  phones: [sceneOf('phone', phone)],
  several: [sceneOf('two', { ...alone, faces: [face, { ...face, box: { x: 25, y: 4, width: 7, height: 7 } }] })],
  empty: [sceneOf('chair', { faces: [], covered: false, phones: [] })],
  turned: [{ cluster: 'turned', offsets: [{ yaw: 45, pitch: 0 }] }],
  eyes: [{ cluster: 'eyes', offsets: [0.15] }],
  speech: [{ cluster: 'speech', seconds: [{ state: true, score: 0.9 }] }],
  noise: [{ cluster: 'noise', seconds: [{ state: false, score: 1 }] }],
  leftOut: 0,
});

const sit = (sitter: Sitter, isHonest: boolean, seed: number): Sitting =>
  simulateSitting(poolsOf(sitter), { sitter, isHonest, number: seed, random: createRandom(seed) });

describe('simulated sittings', () => {
  it('raise nothing above LOW at LOW and MEDIUM for honest habits before detectors that are never wrong', async () => {
    for (let seed = 0; seed < 4; seed += 1) {
      const { LOW, MEDIUM } = await judgeSitting(sit(sitterOf(alone), true, seed));
      expect([...LOW, ...MEDIUM].filter(({ type }) => type !== 'looking_away')).toEqual([]);
    }
  });

  it('hold an episode of every kind, which a detector that is never wrong finds at every sensitivity', async () => {
    const sitting = sit(sitterOf(alone), false, 7);
    expect(sitting.episodes.map(({ kind }) => kind).toSorted()).toEqual(EPISODES.map(({ kind }) => kind).toSorted());
    const warnings = await judgeSitting(sitting);
    for (const { kind, type, from, to } of sitting.episodes) {
      for (const sensitivity of SENSITIVITIES) {
        const isFound = warnings[sensitivity].some((one) => one.type === type && one.startSeconds < to && one.endSeconds > from);
        expect(isFound, `${kind} at ${sensitivity}`).toBe(true);
      }
    }
  });

  it('accuse an honest sitter before a detector that sees a phone all the time', async () => {
    const { MEDIUM } = await judgeSitting(sit(sitterOf(phone), true, 1));
    expect(MEDIUM.map(({ type }) => type)).toContain('phone_usage');
  });

  it('are the same in every run', () => {
    expect(sit(sitterOf(alone), false, 3)).toEqual(sit(sitterOf(alone), false, 3));
    expect(sit(sitterOf(alone), false, 3).episodes).not.toEqual(sit(sitterOf(alone), false, 4).episodes);
  });
});
