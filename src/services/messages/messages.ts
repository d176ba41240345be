import type { Database } from '../../adapters/database/database.ts';
import { batched } from '../../async/batched.ts';
import { AppError } from '../../errors.ts';
import type { Message, Participant } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { refuseOver } from '../exams.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import { isPresent } from '../participants/moves.ts';
import { createPersonalLimit } from '../personal-limit.ts';

export interface NewMessage {
  /** The participant whom it is to or from; null if it is to everybody. */
  userId: string | null;
  from: 'STAFF' | 'PARTICIPANT';
  by: string;
  text: string;
}

/** Messages whose readers are looked up by one statement. */
const MOST_TOGETHER = 200;
/** Messages of one participant per minute, per server: more than a person writes. */
const PER_MINUTE = 20;

/** Messages between staff and candidates, and raised hands. Both are in the exam's log. */
export function createMessages({ db, eventLog }: { db: Database['prisma']; eventLog: EventLog }) {
  const limit = createPersonalLimit({ perMinute: PER_MINUTE, what: 'messages' });

  const changeHand = (examId: string, userId: string, change: (state: ExamState, participant: Participant) => Participant) =>
    eventLog.write(examId, {
      userId,
      decide(state) {
        refuseOver(state.exam);
        return change(state, state.requireParticipant(userId));
      },
    });

  const countReads = batched(async (ids: readonly string[]) => {
    const rows = await db.messageRead.groupBy({ by: ['messageId'], where: { messageId: { in: [...new Set(ids)] } }, _count: true });
    const found = new Map(rows.map(({ messageId, _count }) => [messageId, _count]));
    return ids.map((id) => found.get(id) ?? 0);
  }, MOST_TOGETHER);

  const readBy = batched(async (asked: readonly { id: string; userId: string }[]) => {
    const rows = await db.messageRead.findMany({
      where: {
        messageId: { in: [...new Set(asked.map(({ id }) => id))] },
        participant: { userId: { in: [...new Set(asked.map(({ userId }) => userId))] } },
      },
      select: { messageId: true, at: true, participant: { select: { userId: true } } },
    });
    const found = new Map(rows.map(({ messageId, at, participant }) => [`${messageId} ${participant.userId}`, at]));
    return asked.map(({ id, userId }) => found.get(`${id} ${userId}`) ?? null);
  }, MOST_TOGETHER);

  return {
    /** How many participants have read a message to everybody. */
    countReads,
    /** When a participant read a message to everybody; null before. */
    readBy,

    /** @throws AppError `conflict` once the exam is over; TooOften for a participant who writes too much */
    async send(examId: string, { userId, from, by, text }: NewMessage, keeper: AnswerKeeper | null): Promise<Message> {
      if (from === 'PARTICIPANT' && userId !== null) await limit.take({ examId, userId });
      return eventLog.write(examId, {
        userId: from === 'STAFF' ? '' : (userId ?? ''),
        others: userId === null ? undefined : [userId],
        keeper,
        decide(state) {
          refuseOver(state.exam);
          const participant = userId === null ? null : state.requireParticipant(userId);
          const id = newId('msg');
          const seq = state.emit('MESSAGE_SENT', id, { ...(userId !== null && { userId }), data: { by, from } });
          const about = { examId, participantId: participant?.id ?? null, userId, from, by, text };
          const message: Message = { id, seq, ...about, sentAt: state.now, readAt: null };
          state.messages.push(message);
          return message;
        },
      });
    },

    /**
     * Notes that a message was read; a repeat changes nothing.
     * @param reader the participant who read it, null for staff
     * @throws AppError `conflict` for the side that wrote it
     */
    async markRead(message: Message, reader: { userId: string } | null): Promise<Message> {
      const isFromStaff = message.from !== 'PARTICIPANT';
      if (isFromStaff === (reader === null)) throw new AppError('conflict', 'Only who gets a message marks it as read');
      if (message.userId === null && reader) {
        await db.$executeRaw`
          INSERT INTO "MessageRead" ("messageId", "participantId", at)
          SELECT ${message.id}, id, clock_timestamp() FROM "Participant" WHERE "examId" = ${message.examId} AND "userId" = ${reader.userId}
          ON CONFLICT DO NOTHING`;
        return message;
      }
      if (message.readAt) return message;
      const { id, examId, userId } = message;
      return eventLog.append(examId, async ({ tx, now, emit }) => {
        const { count } = await tx.message.updateMany({ where: { id, readAt: null }, data: { readAt: now } });
        if (count > 0) emit('MESSAGE_READ', id, { ...(userId !== null && { userId }) });
        return tx.message.findUniqueOrThrow({ where: { id } });
      });
    },

    /** A second time only changes what it is for. @throws AppError `conflict` for one who is not in the exam */
    async raiseHand(examId: string, userId: string, text: string | null): Promise<Participant> {
      await limit.take({ examId, userId });
      return changeHand(examId, userId, (state, participant) => {
        const { id, status, handRaisedAt, handText } = participant;
        if (!isPresent(status)) throw new AppError('conflict', 'Only who is in the exam can raise the hand');
        if (handRaisedAt && handText === text) return participant;
        const from = handRaisedAt ? 'up' : 'down';
        state.emit('PARTICIPANT_CHANGED', id, { userId, data: { by: userId, what: 'hand', from, to: 'up', reason: text } });
        return state.setParticipant({ ...participant, handRaisedAt: handRaisedAt ?? state.now, handText: text });
      });
    },

    /** @param by the participant itself, or staff */
    lowerHand: (examId: string, userId: string, by: string): Promise<Participant> =>
      changeHand(examId, userId, (state, participant) => {
        if (!participant.handRaisedAt) return participant;
        state.emit('PARTICIPANT_CHANGED', participant.id, { userId, data: { by, what: 'hand', from: 'up', to: 'down' } });
        return state.setParticipant({ ...participant, handRaisedAt: null, handText: null });
      }),
  };
}

export type Messages = ReturnType<typeof createMessages>;
