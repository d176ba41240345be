import { describe, expect, it } from 'vitest';
import { allClips } from '../../../web/proctor/review/clips.ts';
import type { Finding, Recorded, Reviewed } from '../../../web/proctor/review/model.ts';
import { grouped, isWarning, momentByClock, momentsOf, nextWarning, rangeOf, windowOf } from '../../../web/proctor/review/moments.ts';

const T = new Date(2026, 10, 28, 10, 0, 0).getTime();
const at = (seconds: number) => T + seconds * 1_000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

const warning = (id: string, seconds: number, more: Partial<Finding> = {}) =>
  ({
    id,
    type: 'no_face',
    severity: 'MEDIUM',
    timestamp: iso(seconds),
    endedAt: null,
    recording: null,
    offsetSeconds: null,
    review: null,
    ...more,
  }) as Finding;

const camera = {
  id: 'rec',
  type: 'WEBCAM',
  createdAt: iso(0),
  startedAt: iso(0),
  duration: 20,
  spans: [
    { startedAt: iso(0), offsetSeconds: 0, seconds: 10 },
    { startedAt: iso(60), offsetSeconds: 10, seconds: 10 },
  ],
  analysis: {
    segments: [
      { type: 'face_present', startSeconds: 0, endSeconds: 12, confidence: 1 },
      { type: 'no_face', startSeconds: 12, endSeconds: 15, confidence: 0.9 },
    ],
  },
} as unknown as Recorded;

const gap = (from: number, to: number | null, cause: string) => ({ from: iso(from), to: to === null ? null : iso(to), cause });
const person = (change: Partial<Reviewed> = {}): Reviewed =>
  ({ warnings: [], messages: [], timeCredits: [], recordings: [camera], evidence: [], ...change }) as unknown as Reviewed;
const clips = allClips([camera]);
const of = (change: Partial<Reviewed>) => momentsOf(person(change), clips, at(100));

describe('what happened in an exam', () => {
  it('is in order of time: a warning stands where its recording shows it, whatever its own clock says', () => {
    const warnings = [warning('clock', 5), warning('shown', -40, { recording: { id: 'rec' }, offsetSeconds: 12, endedAt: iso(-37) })];
    const moments = of({ warnings }).filter(isWarning);
    expect(moments.map(({ key, from, to }) => [key, from, to])).toEqual([
      ['clock', at(5), at(5)],
      ['shown', at(62), at(65)],
    ]);
  });

  it('has what the software saw, but not that all was as usual', () => {
    expect(of({}).map(({ kind, from, to }) => [kind, from, to])).toEqual([['segment', at(62), at(65)]]);
  });

  it('has a pause once, though both tracks tell of it, and each gap with its track', () => {
    const evidence = (['WEBCAM', 'SCREEN'] as const).map((type) => ({
      type,
      lastChunkAt: null,
      receivedSeconds: 1,
      expectedSeconds: 1,
      gaps: [gap(20, 30, 'paused'), gap(80, null, 'lost')],
    }));
    const found = of({ evidence }).filter(({ kind }) => kind !== 'segment');
    expect(found.map(({ kind, to }) => [kind, to])).toEqual([
      ['pause', at(30)],
      ['gap', at(100)],
      ['gap', at(100)],
    ]);
  });

  it('has a next warning and one before, of which neither is the one at which the player is', () => {
    const moments = of({ warnings: [warning('a', 5), warning('b', 5.2), warning('c', 9)] });
    expect(nextWarning(moments, at(0), 1)?.key).toBe('a');
    expect(nextWarning(moments, at(5), 1)?.key).toBe('c');
    expect(nextWarning(moments, at(9), 1)).toBeNull();
    expect(nextWarning(moments, at(9), -1)?.key).toBe('b');
    expect(nextWarning(moments, at(5), -1)).toBeNull();
  });
});

describe('the timeline', () => {
  it('reaches over all that was recorded, and to warnings near it, but not to those of a wrong clock', () => {
    const range = (...seconds: number[]) => rangeOf(of({ warnings: seconds.map((s) => warning(String(s), s)) }), clips, null);
    expect(range(5)).toEqual({ from: at(0), to: at(70) });
    expect(range(-30, 90)).toEqual({ from: at(-30), to: at(90) });
    expect(range(-86_400, 86_400)).toEqual({ from: at(0), to: at(70) });
    expect(rangeOf([], { WEBCAM: [], SCREEN: [] }, null)).toEqual({ from: 0, to: 1_000 });
  });

  it('shows windows that stay while the player is in them', () => {
    const range = { from: at(0), to: at(100) };
    const from = (seconds: number, size: number | null) => (windowOf(range, size, at(seconds)).from - T) / 1_000;
    expect([0, 29, 30, 99].map((seconds) => from(seconds, 30))).toEqual([0, 0, 30, 70]);
    expect(from(50, null)).toBe(0);
    expect(windowOf(range, 600, at(50))).toEqual(range);
  });

  it('puts together what is nearer than a finger is wide', () => {
    expect(grouped([0, 10, 23, 24, 60], 24)).toEqual([[0, 1, 2], [3], [4]]);
    expect(grouped([], 24)).toEqual([]);
  });
});

describe('going to a time of day', () => {
  const range = { from: at(30.4), to: at(4_000) };
  it.each([
    ['10:41', 2_460],
    ['10:41:07', 2_467],
    ['1041', 2_460],
    [' 10.41 ', 2_460],
    ['10:00', 30.4],
    ['10:00:30', 30.4],
    ['11:06', 3_960],
  ])('understands %j', (text, seconds) => {
    expect(momentByClock(text, range)).toBe(at(seconds));
  });

  it.each(['', 'noon', '10', '24:00', '10:60', '09:59', '11:07', '10:00:00'])('says that %j is not in the exam', (text) => {
    expect(momentByClock(text, range)).toBeNull();
  });

  it('reads a clock of twelve hours, said or not, as the time that is in the exam', () => {
    const evening = { from: new Date(2026, 10, 28, 22, 20).getTime(), to: new Date(2026, 10, 28, 23, 0).getTime() };
    const expected = new Date(2026, 10, 28, 22, 31).getTime();
    for (const text of ['10:31', '10:31 PM', '10:31pm', '10:31 p.m.', '22:31']) expect(momentByClock(text, evening)).toBe(expected);
    for (const text of ['10:31 am', '22:31 pm', '0:31 pm']) expect(momentByClock(text, evening)).toBeNull();
  });

  it('finds the next day in an exam over midnight', () => {
    const night = { from: new Date(2026, 10, 28, 23, 30).getTime(), to: new Date(2026, 10, 29, 1, 0).getTime() };
    expect(momentByClock('00:15', night)).toBe(new Date(2026, 10, 29, 0, 15).getTime());
  });
});
