import type { Store } from '../../shared/store.ts';
import type { Presence } from '../worker/protocol.ts';
import { type ExamFacts, hasLeft, type ParticipantFacts, type RoomState } from './room-state.ts';

interface Options {
  store: Store<RoomState>;
  /** Asks the server how it is now; null if there is no such exam any more. */
  ask(): Promise<(ExamFacts & { participant: ParticipantFacts | null }) | null>;
  take(participant: ParticipantFacts): void;
}

/**
 * Keeps an answer that was asked for before something newer was told, and came after it, from taking its place: who has handed in would
 * be back in the exam, and filmed. Nobody can tell which of the two is newer, so it is asked again.
 */
export function createTold({ store: { get, set }, ask, take }: Options) {
  let told = 0;

  /** Something was told that may be newer than every answer that is still to come. */
  const note = () => void (told += 1);

  /** Reads the exam and the own seat in it. @returns the newest position of the log; null if there is no such exam any more */
  async function read(): Promise<number | null> {
    for (;;) {
      const before = told;
      const exam = await ask();
      if (told !== before) continue;
      note();
      if (exam) set({ exam, knownSeq: exam.lastSeq });
      if (exam?.participant) take(exam.participant);
      return exam?.lastSeq ?? null;
    }
  }

  return {
    note,
    read,
    /** Takes the answer of a change. */
    async answer(asked: () => Promise<ParticipantFacts>): Promise<void> {
      const before = told;
      const participant = await asked();
      if (told !== before) return void (await read());
      note();
      take(participant);
    },
    /** The submission was taken. Where no WebSocket gets through nobody else says so: there are no heartbeats any more. */
    submitted(): void {
      if (!hasLeft(get().participant?.status)) void read().catch(() => {});
    },
    /** What a heartbeat says is a reason to read, and is not taken: it may have been sent long before. */
    hear(presence: Presence): void {
      const { participant } = get();
      if (participant && isOther(presence, participant)) void read().catch(() => {});
    },
  };
}

function isOther({ status, endsAt, remainingSeconds, handRaised }: Presence, known: ParticipantFacts): boolean {
  const knownEnd = known.endsAt === null ? null : Date.parse(known.endsAt);
  const hasOtherTime = endsAt !== knownEnd || (endsAt === null && remainingSeconds !== known.remainingSeconds);
  return status !== known.status || handRaised !== known.handRaised || hasOtherTime;
}
