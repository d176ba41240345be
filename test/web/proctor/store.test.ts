import { describe, expect, it } from 'vitest';
import type { ConsoleEvent, PersonFacts, WarningFacts } from '../../../web/proctor/session/model.ts';
import { createExamStore } from '../../../web/proctor/session/store.ts';

const COUNTS = { info: 0, low: 0, medium: 0, high: 0, critical: 0, unreviewed: 0, unreviewedCritical: 0, newestSeq: 0 };
const person = (more: Partial<PersonFacts> = {}) =>
  ({ id: 'part_ada', userId: 'ada', status: 'ACTIVE', handRaised: false, warningCounts: COUNTS, ...more }) as PersonFacts;
const warning = (decision: 'CONFIRMED' | 'DISMISSED' | null) =>
  ({
    id: 'warn_1',
    seq: 1,
    userId: 'ada',
    severity: 'HIGH',
    review: decision && { decision, reason: 'r', by: 'b', at: '' },
  }) as WarningFacts;
const changed = (participant: PersonFacts) => ({ __typename: 'ParticipantChanged', seq: 2, participant }) as ConsoleEvent;
const reviewed = (one: WarningFacts) => ({ __typename: 'WarningReviewed', seq: 3, warning: one }) as ConsoleEvent;

describe('answers that are older than what the log told meanwhile', () => {
  it('leave a person as the log told, but for the counts', () => {
    const store = createExamStore({ onUnsure: () => {} });
    store.asked().putPeople([person()]);
    const asked = store.asked();
    store.apply([changed(person({ handRaised: true }))]);
    asked.putPeople([person({ warningCounts: { ...COUNTS, high: 1, newestSeq: 1 } })]);
    expect(store.people.get().byId.get('ada')).toMatchObject({ handRaised: true, warningCounts: { high: 1 } });
    store.asked().putPeople([person()]);
    expect(store.people.get().byId.get('ada')).toMatchObject({ handRaised: false });
  });

  it('leave the decision that another proctor made after it', () => {
    const store = createExamStore({ onUnsure: () => {} });
    store.putEarlier([warning(null)], false);
    const asked = store.asked();
    store.apply([reviewed(warning('DISMISSED'))]);
    store.apply([reviewed(warning(null))]);
    asked.putWarnings([warning('DISMISSED')]);
    expect(store.feed.get().warnings[0]?.review).toBeNull();
    store.asked().putWarnings([warning('CONFIRMED')]);
    expect(store.feed.get().warnings[0]?.review?.decision).toBe('CONFIRMED');
  });
});
