import { describe, expect, it, vi } from 'vitest';
import { linesOf, ALL_WARNINGS } from '../../../web/proctor/live/feed-order.ts';
import { EVERYBODY, orderPeople } from '../../../web/proctor/live/people-order.ts';
import { readPulse } from '../../../web/proctor/live/pulse.ts';
import { absenceOf } from '../../../web/proctor/live/why-absent.ts';
import type { ConsoleEvent, ExamFacts, ExamPulse, Person, WarningFacts } from '../../../web/proctor/session/model.ts';
import { createExamStore } from '../../../web/proctor/session/store.ts';

// Not by a door: when an answer is older than what the log told can't be arranged in a browser.

const NONE = { info: 0, low: 0, medium: 0, high: 0, critical: 0, unreviewed: 0, unreviewedCritical: 0, newestSeq: 0 };
const person = (userId: string, facts: Partial<Person> = {}): Person =>
  ({
    userId,
    name: null,
    status: 'ACTIVE',
    group: null,
    online: true,
    handRaised: false,
    warningCounts: NONE,
    pulse: null,
    ...facts,
  }) as Person;
const warning = (seq: number, facts: Partial<WarningFacts> = {}): WarningFacts =>
  ({
    id: `warn_${seq}`,
    seq,
    userId: 'ada',
    type: 'tab_switch',
    severity: 'MEDIUM',
    source: 'CLIENT',
    review: null,
    ...facts,
  }) as WarningFacts;
const added = (one: WarningFacts): ConsoleEvent => ({ __typename: 'WarningAdded', seq: one.seq, at: '', warning: one });

describe('what a console knows', () => {
  function store() {
    const onUnsure = vi.fn<(what: { person?: string; counts?: boolean }) => void>();
    const made = createExamStore({ onUnsure });
    made.setExam({ counts: { warnings: { ...NONE, medium: 4, unreviewed: 4, newestSeq: 10 } } } as ExamFacts);
    made.asked().putPeople([person('ada', { warningCounts: { ...NONE, medium: 4, unreviewed: 4, newestSeq: 10 } })]);
    return { made, onUnsure, counts: () => made.people.get().byId.get('ada')?.warningCounts };
  }

  it('counts each warning once, whether a read or the log told of it first', () => {
    const { made, counts } = store();
    made.apply([added(warning(9)), added(warning(10)), added(warning(11, { severity: 'CRITICAL' }))]);
    expect(counts()).toMatchObject({ medium: 4, critical: 1, unreviewed: 5, unreviewedCritical: 1, newestSeq: 11 });
    expect(made.exam.get().facts?.counts.warnings).toMatchObject({ unreviewed: 5, newestSeq: 11 });
    expect(made.feed.get().warnings.map(({ seq }) => seq)).toEqual([9, 10, 11]);
  });

  it('takes no answer that is older than what the log told, and asks again', () => {
    const { made, counts, onUnsure } = store();
    made.apply([added(warning(11))]);
    made.asked().putPeople([person('ada', { name: 'Ada', warningCounts: { ...NONE, medium: 4, unreviewed: 4, newestSeq: 10 } })]);
    expect(made.people.get().byId.get('ada')?.name).toBe('Ada');
    expect(counts()).toMatchObject({ unreviewed: 5, newestSeq: 11 });
    expect(onUnsure).toHaveBeenCalledWith({ person: 'ada' });
  });

  it('keeps a window of the feed, and shows a decision on what is in it', () => {
    const { made } = store();
    made.apply(Array.from({ length: 6_000 }, (_, n) => added(warning(100 + n))));
    const decided = warning(6_000, { review: { decision: 'CONFIRMED', reason: null, by: 'Petra', at: '' } });
    made.apply([
      { __typename: 'WarningReviewed', seq: 7_000, at: '', warning: decided },
      { __typename: 'WarningReviewed', seq: 7_001, at: '', warning: warning(100, decided) },
    ]);
    const { warnings, hasEarlier } = made.feed.get();
    expect([warnings.length, warnings[0]?.seq, hasEarlier]).toEqual([5_000, 1_100, true]);
    expect(warnings.find(({ seq }) => seq === 6_000)?.review?.by).toBe('Petra');
  });
});

describe('people', () => {
  const open = { ...NONE, low: 1, unreviewed: 1 };
  const critical = { ...open, critical: 1, unreviewed: 2, unreviewedCritical: 1 };
  const people = [
    person('zoe'),
    person('offline', { online: false }),
    person('open', { warningCounts: open }),
    person('critical', { warningCounts: critical }),
    person('hand', { handRaised: true }),
    person('10', { name: 'Person 10' }),
    person('9', { name: 'Person 9' }),
  ];

  it('are ranked as the server ranks them, then as people sort names', () => {
    expect(orderPeople(people, EVERYBODY, 'attention')).toEqual(['hand', 'critical', 'open', 'offline', '9', '10', 'zoe']);
  });

  it('are found by name or id, by what a proctor calls missing, and by share', () => {
    const found = (filter: object) => orderPeople(people, { ...EVERYBODY, ...filter }, 'name');
    expect(found({ search: 'PERSON' })).toEqual(['9', '10']);
    expect(found({ state: 'missing' })).toEqual(['offline']);
    expect(found({ share: ['Room 1'] })).toEqual([]);
  });

  it('are absent for a reason that is told', () => {
    expect(absenceOf(person('a'))).toBeNull();
    expect(absenceOf(person('a', { status: 'INVITED' }))).toEqual({ why: 'never-came' });
    expect(absenceOf(person('a', { status: 'CHECKING_IN', checkInStep: 'camera_denied' }))).toEqual({
      ...{ why: 'checking-in', step: 'camera_denied' },
    });
    expect(absenceOf(person('a', { status: 'DISCONNECTED', lastSeenAt: '2026-01-01' }))).toEqual({ why: 'offline', since: '2026-01-01' });
    expect(absenceOf(person('a', { status: 'SUBMITTED', online: null }))).toBeNull();
  });
});

describe('the feed', () => {
  it('has the newest first, groups what one person did again, and counts what nobody has decided on', () => {
    const review = { decision: 'DISMISSED', reason: 'x', by: 'y', at: '' } as const;
    const all = [warning(1), warning(2, { userId: 'bob' }), warning(3, { review }), warning(4, { type: 'no_face' })];
    expect(linesOf(all, ALL_WARNINGS, false).map(({ warning: { seq } }) => seq)).toEqual([4, 3, 2, 1]);
    expect(linesOf(all, ALL_WARNINGS, true).map(({ ids, open }) => [ids, open])).toEqual([
      [['warn_4'], 1],
      [['warn_3', 'warn_1'], 1],
      [['warn_2'], 1],
    ]);
    expect(linesOf(all, { ...ALL_WARNINGS, isOpen: true, type: 'tab_switch' }, false)).toHaveLength(2);
  });
});

describe('the pulse', () => {
  const last = { lastSeq: 5, online: 3, missing: 0, snapshotsPerSecond: 10, lookedAtPerSecond: 10 } as ExamPulse;
  const readings = { last, receivedAt: 100_000, now: 103_000, seq: 5, seqAt: 100_000, isCutOff: false };
  it.each([
    ['live', {}],
    ['quiet', { seqAt: 0 }],
    ['dead', { now: 120_000 }],
    ['dead', { isCutOff: true }],
    ['behind', { seq: 4 }],
    ['thinned', { last: { ...last, lookedAtPerSecond: 6 } }],
    ['starting', { last: null }],
  ])('is %s where the readings say so: %j', (state, change) => {
    expect(readPulse({ ...readings, ...change }).state).toBe(state);
  });
});
