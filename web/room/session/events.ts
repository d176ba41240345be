import type { FollowSubscription } from '../../generated/graphql.ts';
import type { Store } from '../../shared/store.ts';
import type { MessageFacts, ParticipantFacts, RoomState } from './room-state.ts';

interface Options {
  store: Store<RoomState>;
  take(participant: ParticipantFacts): void;
  /** Of the exam or this candidate, before it is taken. */
  onNews(): void;
  onCancelled(): void;
  /** Staff ask for a picture. @param at when */
  onPictureAsked(at: number): void;
}

/** What the exam's log says, told to the room. */
export function createListener({ store: { get, set }, take, onNews, onCancelled, onPictureAsked }: Options) {
  function takeMessage(message: MessageFacts): void {
    const others = get().messages.filter(({ id }) => id !== message.id);
    set({ messages: [...others, message].toSorted((a, b) => a.sentAt.localeCompare(b.sentAt)) });
  }

  return {
    takeMessage,

    handle(event: FollowSubscription['examEvents']): void {
      // The log is read from its beginning, for reasons and messages. What is older than the page's own read says nothing of now.
      const isNews = event.seq > get().knownSeq;
      switch (event.__typename) {
        case 'ExamChanged':
          if (!isNews) return;
          onNews();
          set({ exam: { ...get().exam, ...event.exam } });
          if (event.exam.status === 'CANCELLED') onCancelled();
          return;
        case 'ParticipantChanged': {
          if (event.participant.userId !== get().participant?.userId) return;
          const { change } = event;
          if (change?.what === 'status') set({ lastChange: { what: 'status', to: change.to, reason: change.reason, at: event.at } });
          if (change?.what === 'review') set({ judgedSeq: event.seq });
          if (change?.what === 'snapshot') onPictureAsked(Date.parse(event.at));
          if (!isNews) return;
          onNews();
          return take(event.participant);
        }
        case 'MessageSent':
          return takeMessage(event.message);
        case 'WarningAdded':
        case 'WarningUpdated':
        case 'WarningReviewed':
          return set({ judgedSeq: event.seq });
        default:
      }
    },
  };
}
