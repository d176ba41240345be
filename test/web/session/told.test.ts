import { describe, expect, it, vi } from 'vitest';
import { type ExamFacts, firstState, type ParticipantFacts } from '../../../web/room/session/room-state.ts';
import { createTold } from '../../../web/room/session/told.ts';
import type { Presence } from '../../../web/room/worker/protocol.ts';
import { createStore } from '../../../web/shared/store.ts';

// Not by a door: which answer comes first is nothing that a test of the whole page can choose.

describe('an answer that comes after newer news', () => {
  const endsAt = '2026-01-01T12:00:00.000Z';
  const known = { userId: 'ada', status: 'ACTIVE', endsAt, remainingSeconds: 60, handRaised: false } as ParticipantFacts;
  const presence: Presence = {
    ...{ status: 'ACTIVE', endsAt: Date.parse(endsAt), remainingSeconds: 30, handRaised: false },
    ...{ serverTime: 0, roundTripMs: 1 },
  };

  function follow() {
    const store = createStore(firstState({ practice: false, mayBeAnother: false }));
    store.set({ participant: known });
    const answers: ((answer: ExamFacts & { participant: ParticipantFacts }) => void)[] = [];
    const take = vi.fn<(participant: ParticipantFacts) => void>((participant: ParticipantFacts) => store.set({ participant }));
    const told = createTold({ store, take, ask: () => new Promise((resolve) => answers.push(resolve)) });
    return {
      store,
      take,
      told,
      asked: () => answers.length,
      /** The server's answer to the request of that number. */
      say: (number: number, status: string, lastSeq: number) =>
        answers[number]?.({ lastSeq, participant: { ...known, status } } as ExamFacts & { participant: ParticipantFacts }),
      hear(status: string) {
        told.note();
        take({ ...known, status } as ParticipantFacts);
      },
      statuses: () => take.mock.calls.map(([{ status }]) => status),
    };
  }

  it('is not taken, and asked for again: who has handed in is not filmed again', async () => {
    const { told, say, hear, statuses, asked } = follow();
    const read = told.read();
    hear('SUBMITTED');
    say(0, 'ACTIVE', 7);
    await expect.poll(() => asked()).toBe(2);
    say(1, 'SUBMITTED', 8);
    expect(await read).toBe(8);
    expect(statuses()).toEqual(['SUBMITTED', 'SUBMITTED']);
  });

  it('is not taken if another answer was, that was asked for later', async () => {
    const { told, say, statuses, asked } = follow();
    const [first, second] = [told.read(), told.read()];
    say(1, 'PAUSED', 8);
    await second;
    say(0, 'ACTIVE', 7);
    await expect.poll(() => asked()).toBe(3);
    say(2, 'PAUSED', 8);
    await first;
    expect(statuses()).toEqual(['PAUSED', 'PAUSED']);
  });

  it('of a change is not taken either', async () => {
    const { told, say, hear, statuses, asked } = follow();
    let answer = (_participant: ParticipantFacts) => {};
    const changed = told.answer(() => new Promise((resolve) => (answer = resolve)));
    hear('TERMINATED');
    answer({ ...known, handRaised: true });
    await expect.poll(() => asked()).toBe(1);
    say(0, 'TERMINATED', 9);
    await changed;
    expect(statuses()).toEqual(['TERMINATED', 'TERMINATED']);
  });

  it('of a change is taken if nothing was told meanwhile', async () => {
    const { told, take, asked } = follow();
    await told.answer(async () => ({ ...known, handRaised: true }));
    expect(take).toHaveBeenCalledWith({ ...known, handRaised: true });
    expect(asked()).toBe(0);
  });

  it('of a heartbeat is never taken, but a reason to ask if it says something else', async () => {
    const { told, hear, say, statuses, asked } = follow();
    told.hear(presence);
    expect(asked()).toBe(0);
    hear('SUBMITTED');
    told.hear(presence);
    expect(asked()).toBe(1);
    say(0, 'SUBMITTED', 8);
    await expect.poll(() => statuses().length).toBe(2);
    expect(statuses()).toEqual(['SUBMITTED', 'SUBMITTED']);
  });

  it.each<[string, Partial<Presence>]>([
    ['time was added', { endsAt: Date.parse(endsAt) + 60_000 }],
    ['it is paused', { endsAt: null, remainingSeconds: 12 }],
    ['the hand was lowered', { handRaised: true }],
  ])('of a heartbeat is a reason to ask if %s', (_what, changed) => {
    const { told, asked } = follow();
    told.hear({ ...presence, ...changed });
    expect(asked()).toBe(1);
  });
});
