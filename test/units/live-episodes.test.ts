import { describe, expect, it } from 'vitest';
import type { Sensitivity } from '../../src/services/analysis/sign-track.ts';
import { advance, closeAll, type EpisodeState, freshState, isOpen, resumeState, type Step } from '../../src/services/snapshots/state.ts';

const SENSITIVITIES: readonly Sensitivity[] = ['LOW', 'MEDIUM', 'HIGH'];
const HOLD: Record<Sensitivity, number> = { LOW: 10, MEDIUM: 5, HIGH: 2 };
const START = Date.parse('2026-01-01T10:00:00Z');

interface Warned {
  id: string;
  type: string;
  /** Seconds from the start. */
  since: number;
  openedAt: number;
  endedAt: number | null;
  /** When it was known to have ended. */
  toldAt: number | null;
  resumed: number;
  details: string;
}

/** Somebody whose snapshots are watched: the clock is that of the snapshots. */
function watch(sensitivity: Sensitivity = 'MEDIUM', state: EpisodeState = freshState(), last: number | null = null) {
  const warnings: Warned[] = [];
  const of = (id: string) => warnings.find((warning) => warning.id === id) ?? ({} as Warned);
  return {
    warnings,
    state: () => state,
    /** Shows a snapshot `seconds` after the start. */
    see(seconds: number, isOn: boolean | null, { type = 'no_face', score = 0.95 } = {}): Step {
      const at = START + seconds * 1_000;
      const sinceLast = last === null ? null : at - last;
      last = at;
      const circumstances = { at, sinceLast, sensitivity, suppressed: new Set<string>(), missed: false };
      // As a row is stored and read again.
      const stored = JSON.parse(JSON.stringify(state)) as EpisodeState;
      const step = advance(resumeState(stored), [{ type, isOn, score }], {}, circumstances);
      for (const { warningId: id, since, type: raised, details } of step.opened) {
        warnings.push({
          id,
          type: raised,
          since: (since - START) / 1_000,
          openedAt: seconds,
          endedAt: null,
          toldAt: null,
          resumed: 0,
          details,
        });
      }
      for (const { warningId, endedAt, details } of step.closed)
        Object.assign(of(warningId), { endedAt: (endedAt - START) / 1_000, toldAt: seconds, details });
      for (const { warningId, details } of step.resumed) {
        const warning = of(warningId);
        Object.assign(warning, { endedAt: null, toldAt: null, resumed: warning.resumed + 1, details });
      }
      ({ state } = step);
      return step;
    },
  };
}

/** Seconds of snapshots of a rhythm. */
const every = (rhythm: number, from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / rhythm + 1e-9) + 1 }, (_, i) => from + i * rhythm);

describe('something that lasts', () => {
  it.each(SENSITIVITIES.flatMap((sensitivity) => [1, 2, 3, 5, 5.1, 8, 10, 12, 15].map((rhythm) => ({ sensitivity, rhythm }))))(
    'raises one warning, with snapshots every $rhythm s, at $sensitivity',
    ({ sensitivity, rhythm }) => {
      const watched = watch(sensitivity);
      const began = 10 * rhythm;
      const ended = began + 10 * rhythm + 30;
      for (const at of every(rhythm, 0, ended + 90)) watched.see(at, at >= began && at < ended);
      const [warning] = watched.warnings;
      expect(watched.warnings).toHaveLength(1);
      expect(warning?.since).toBeCloseTo(began, 5);
      // Three pictures, and the hold time by the pictures that there are.
      expect((warning?.openedAt ?? 0) - began).toBeGreaterThanOrEqual(Math.max(2 * rhythm, HOLD[sensitivity] - 1.5 * rhythm - 0.5) - 1e-6);
      expect((warning?.openedAt ?? Infinity) - began).toBeLessThanOrEqual(Math.max(2 * rhythm, HOLD[sensitivity]) + rhythm);
      expect(warning?.endedAt).toBeGreaterThanOrEqual(ended - 1e-6);
      expect(warning?.endedAt).toBeLessThan(ended + rhythm);
      expect((warning?.toldAt ?? Infinity) - ended).toBeLessThanOrEqual(Math.max(2 * rhythm, HOLD[sensitivity]) + rhythm);
      expect(warning?.details).toMatch(/^No face for \d+ (s|min)( \d+ s)?$/);
    },
  );

  it('raises one with snapshots that come early and late', () => {
    const late = [0, 9, 21, 30, 42, 50, 63, 70, 82, 91, 103, 112, 121];
    for (const sensitivity of SENSITIVITIES) {
      const watched = watch(sensitivity);
      for (const at of late) watched.see(at, at >= 40 && at < 90);
      expect(watched.warnings).toMatchObject([{ since: 42, endedAt: 91 }]);
    }
  });

  it.each([1, 5, 10, 15])('for two pictures only raises none, with snapshots every %s s', (rhythm) => {
    for (const sensitivity of SENSITIVITIES) {
      const watched = watch(sensitivity);
      for (const [index, at] of every(rhythm, 0, 300).entries()) watched.see(at, index === 8 || index === 9);
      expect(watched.warnings).toEqual([]);
    }
  });

  it('is told to have begun when it began to last, not with what was seen for a moment before', () => {
    const watched = watch('HIGH');
    for (const at of every(1, 0, 60)) watched.see(at, at === 20 || at >= 40);
    expect(watched.warnings).toMatchObject([{ since: 40, openedAt: 42, endedAt: null }]);
  });

  it('is over once it is not seen for the hold time; one picture without it is none', () => {
    for (const sensitivity of SENSITIVITIES) {
      const watched = watch(sensitivity);
      for (const at of every(1, 0, 90)) watched.see(at, at >= 10 && at < 40 && at !== 30);
      expect(watched.warnings).toMatchObject([{ since: 10, endedAt: 40, toldAt: Math.max(41, 39 + HOLD[sensitivity]) }]);
    }
  });

  it('and is soon there again is the same warning, which goes on; later it is another one', () => {
    const isOn = (at: number) => (at >= 10 && at < 20) || (at >= 30 && at < 40) || (at >= 100 && at < 110);
    const watched = watch('HIGH');
    for (const at of every(1, 0, 160)) watched.see(at, isOn(at));
    expect(watched.warnings).toMatchObject([
      { since: 10, endedAt: 40, resumed: 1, details: 'No face for 20 s within 30 s' },
      { since: 100, endedAt: 110, resumed: 0 },
    ]);
    expect(isOpen(watched.state())).toBe(false);
  });

  it('never floods at a higher sensitivity what is silent at a lower one', () => {
    // Two seconds of every twelve.
    const raised = SENSITIVITIES.map((sensitivity) => {
      const watched = watch(sensitivity);
      for (const at of every(1, 0, 600)) watched.see(at, at % 12 < 2);
      return watched.warnings.length;
    });
    expect(raised).toEqual([0, 1, 1]);
  });

  it('that nobody could watch for a while is over when it was last seen', () => {
    const watched = watch('MEDIUM');
    for (const at of [...every(2, 0, 40), ...every(2, 65, 90)]) watched.see(at, at >= 20);
    expect(watched.warnings).toMatchObject([
      { since: 20, endedAt: 40 },
      { since: 65, endedAt: null },
    ]);
  });

  it('is raised at every higher sensitivity if it is at a lower one, whatever comes in between', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    let raised = 0;
    for (let trial = 0; trial < 300; trial += 1) {
      const rhythm = 1 + 13 * random();
      const share = random();
      const shots = every(rhythm, 0, 600).map((at) => ({
        at: at + 0.2 * rhythm * random(),
        isOn: random() < share,
        score: 0.4 + 0.6 * random(),
      }));
      const [low, medium, high] = SENSITIVITIES.map((sensitivity) => {
        const watched = watch(sensitivity);
        for (const { at, isOn, score } of shots) watched.see(at, isOn, { score });
        return watched.warnings.filter(({ type }) => type === 'no_face').map(({ openedAt }) => openedAt);
      });
      const first = (times: readonly number[] | undefined) => times?.[0] ?? Infinity;
      expect(first(high)).toBeLessThanOrEqual(first(medium));
      expect(first(medium)).toBeLessThanOrEqual(first(low));
      if (first(low) < Infinity) raised += 1;
    }
    expect(raised).toBeGreaterThan(50);
  });
});

describe('snapshots that come too seldom', () => {
  it.each([20, 60, 90])('to be judged are told of once, and not as a finding, if they come every %s s', (rhythm) => {
    const watched = watch('HIGH');
    for (const at of every(rhythm, 0, 30 * rhythm)) watched.see(at, true);
    expect(watched.warnings).toMatchObject([{ type: 'evidence_gap', since: 0, openedAt: 3 * rhythm, endedAt: null }]);
    const from = 30 * rhythm;
    for (const at of every(2, from + 2, from + 90)) watched.see(at, false);
    expect(watched.warnings).toMatchObject([
      {
        type: 'evidence_gap',
        endedAt: from,
        details: expect.stringMatching(/^Snapshots came too seldom to judge what happened in between for \d+ min/),
      },
    ]);
    expect(isOpen(watched.state())).toBe(false);
  });

  it('are told of again only after they all came in time for a while', () => {
    const watched = watch();
    let at = 0;
    const go = (seconds: number, times: number) => {
      for (let i = 0; i < times; i += 1) watched.see((at += seconds), false);
    };
    go(20, 6);
    go(2, 2);
    go(20, 6);
    expect(watched.warnings).toHaveLength(1);
    go(2, 40);
    go(20, 6);
    expect(watched.warnings.map(({ type, endedAt }) => [type, endedAt !== null])).toEqual([
      ['evidence_gap', true],
      ['evidence_gap', false],
    ]);
  });

  it('because of an outage now and then are not told of', () => {
    const watched = watch();
    let at = 0;
    for (let outage = 0; outage < 20; outage += 1) {
      for (let i = 0; i < 20; i += 1) watched.see((at += 2), false);
      watched.see((at += 40), false);
    }
    expect(watched.warnings).toEqual([]);
  });

  it.each([
    { what: 'two at once each minute', lapse: 59, burst: 1, step: 1 },
    { what: 'three in a row after a gap', lapse: 40, burst: 3, step: 2 },
    { what: 'many that claim the same moment, after gaps just below the limit', lapse: 17.9, burst: 10, step: 0.001 },
    { what: 'bursts that last for longer than the hold time', lapse: 55, burst: 8, step: 1 },
  ])('are told of if somebody is away in all of them: $what', ({ lapse, burst, step }) => {
    const watched = watch();
    let at = 0;
    while (at < 900) {
      watched.see((at += lapse), true);
      for (let i = 0; i < burst; i += 1) watched.see((at += step), true);
    }
    const gaps = watched.warnings.filter(({ type }) => type === 'evidence_gap');
    expect(gaps).toMatchObject([{ endedAt: null }]);
    expect(gaps[0]?.openedAt).toBeLessThan(300);
  });

  it('are not told of because a client begins to send them less often', () => {
    const watched = watch();
    for (const at of every(1, 0, 60)) watched.see(at, false);
    for (const at of every(15, 75, 900)) watched.see(at, false);
    for (const at of every(5, 905, 1_200)) watched.see(at, false);
    expect(watched.warnings).toEqual([]);
  });

  it('once, for an hour, make nobody wait longer to be told of the next time without any', () => {
    const watched = watch();
    for (const at of every(2, 0, 60)) watched.see(at, false);
    for (const at of every(2, 3_660, 3_690)) watched.see(at, false);
    expect(watched.state().rhythm?.interval).toBeLessThan(12_000);
  });
});

describe('a state that an older server stored', () => {
  const older = (warningId: string | null) => ({
    since: START,
    last: START + 8_000,
    contrary: null,
    sightings: 5,
    scores: 4.5,
    looks: 5,
    warningId,
  });
  const stored = (warningId: string | null, others = {}) =>
    ({
      tracks: { no_face: older(warningId), ...others },
      memories: {},
      rhythm: { snapshots: 5, interval: 2_000 },
    }) as unknown as EpisodeState;

  it('goes on: its warning ends, and what had not lasted yet is judged from here on', () => {
    const watched = watch('MEDIUM', stored('warn_1'), START + 8_000);
    const closed = every(2, 10, 30).flatMap((at) => watched.see(at, false).closed);
    expect(closed).toMatchObject([{ warningId: 'warn_1', endedAt: START + 10_000, details: 'No face for 10 s', confidence: 0.9 }]);
    const unraised = watch('MEDIUM', stored(null), START + 8_000);
    for (const at of every(2, 10, 30)) unraised.see(at, true);
    expect(unraised.warnings).toMatchObject([{ type: 'no_face', since: 10 }]);
  });

  it('keeps its gap, which ends with the exam at the latest', () => {
    const gap = { ...older('warn_2'), cause: 'silence' };
    const state = resumeState(stored(null, { evidence_gap: gap }));
    expect(isOpen(state)).toBe(true);
    const { closed, state: quiet } = closeAll(state, START + 60_000, { keepsGap: false });
    expect(closed).toMatchObject([{ warningId: 'warn_2', details: 'The participant was present, but no snapshot arrived for 1 min' }]);
    expect(isOpen(quiet)).toBe(false);
  });
});
