import { describe, expect, it, vi } from 'vitest';
import { createListener } from '../../../web/room/session/events.ts';
import { firstState, type ParticipantFacts } from '../../../web/room/session/room-state.ts';
import { createStore } from '../../../web/shared/store.ts';

// Not by a door: which state of an object comes with an old event depends on what the server has read lately.

describe('the log that the room reads from its beginning', () => {
  function listen() {
    const store = createStore(firstState({ practice: false, mayBeAnother: false }));
    const participant = { userId: 'ada', status: 'SUBMITTED' } as ParticipantFacts;
    store.set({ participant, knownSeq: 20 });
    const take = vi.fn<(participant: ParticipantFacts) => void>();
    const { handle } = createListener({ store, take, onNews: () => {}, onPictureAsked: () => {}, onCancelled: () => {} });
    const changed = (seq: number, status: string, reason: string | null = null) =>
      handle({
        __typename: 'ParticipantChanged',
        seq,
        at: '2026-01-01T00:00:00Z',
        change: { what: 'status', from: null, to: status, by: null, reason },
        participant: { ...participant, status },
      } as Parameters<typeof handle>[0]);
    return { store, take, changed };
  }

  it('says nothing of now where it is older than what the page has read, but keeps its reasons', () => {
    const { store, take, changed } = listen();
    changed(5, 'ACTIVE');
    changed(19, 'TERMINATED', 'Agreed');
    expect(take).not.toHaveBeenCalled();
    expect(store.get().lastChange).toMatchObject({ to: 'TERMINATED', reason: 'Agreed' });
  });

  it('is obeyed where it is newer', () => {
    const { take, changed } = listen();
    changed(21, 'ACTIVE');
    expect(take).toHaveBeenCalledWith(expect.objectContaining({ status: 'ACTIVE' }));
  });
});
