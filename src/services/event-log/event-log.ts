import type { Bus } from '../../adapters/bus.ts';
import type { Database } from '../../adapters/database.ts';
import { notFound } from '../../errors.ts';
import type { Event, Exam, Participant, Prisma, Recording, Warning } from '../../generated/prisma/client.ts';
import type { EventKind } from '../../generated/prisma/enums.ts';

type EventSubject =
  | { kind: 'WARNING_ADDED' | 'WARNING_REVIEWED'; subject: Warning }
  | { kind: 'PARTICIPANT_CHANGED'; subject: Participant }
  | { kind: 'EXAM_CHANGED'; subject: Exam }
  | { kind: 'RECORDING_CHANGED'; subject: Recording };

/** An event with the row that it tells of, as that row is when the event is read. */
export type LogEvent = EventSubject & { examId: string; seq: bigint; userId: string | null; at: Date };

/** A transaction on one exam, whose row is locked: nothing else of the exam changes meanwhile. */
export interface Draft {
  tx: Prisma.TransactionClient;
  /** As it was when the draft began. */
  exam: Exam;
  /** Adds an event and returns its position. `by` and the like go into `data`. */
  emit(kind: EventKind, subjectId: string, about?: { userId?: string; data?: Prisma.InputJsonObject }): bigint;
}

export const examTopic = (examId: string) => `exam:${examId}`;

/**
 * The durable log of every exam. State and its events commit in one transaction, and `seq` is contiguous within an
 * exam: raising it happens under the lock of the exam's row, so the order of `seq` is the order of the commits.
 */
export function createEventLog(db: Database['prisma'], bus: Bus) {
  return {
    /**
     * Runs `write` in a transaction that holds the exam's lock, then wakes whoever follows the exam.
     * @throws AppError `not_found` where the exam is gone; whatever `write` throws, and then nothing is stored.
     */
    async append<T>(examId: string, write: (draft: Draft) => Promise<T>): Promise<T> {
      const { result, emitted } = await db.$transaction(
        async (tx) => {
          const [exam] = await tx.$queryRaw<Exam[]>`SELECT * FROM "Exam" WHERE id = ${examId} FOR UPDATE`;
          if (!exam) throw notFound('Exam');
          const events: Prisma.EventCreateManyInput[] = [];
          let seq = exam.lastSeq;
          const result = await write({
            tx,
            exam,
            emit(kind, subjectId, { userId, data } = {}) {
              seq += 1n;
              events.push({ examId, seq, kind, subjectId, userId: userId ?? null, ...(data && { data }) });
              return seq;
            },
          });
          if (events.length > 0) {
            await tx.event.createMany({ data: events });
            await tx.exam.update({ where: { id: examId }, data: { lastSeq: seq }, select: { id: true } });
          }
          return { result, emitted: events.length };
        },
        { maxWait: 5_000, timeout: 15_000 },
      );
      if (emitted > 0) bus.publish(examTopic(examId));
      return result;
    },

    /** Events later than `after`, oldest first, with their rows. An event whose row was erased is left out. */
    async read(examId: string, after: bigint, limit: number): Promise<{ events: LogEvent[]; newest: bigint }> {
      const events = await db.event.findMany({ where: { examId, seq: { gt: after } }, orderBy: { seq: 'asc' }, take: limit });
      const subjects = await readSubjects(db, events);
      return {
        events: events.flatMap((event) => {
          const subject = subjects.get(event.subjectId);
          return subject ? [{ kind: event.kind, subject, examId, seq: event.seq, userId: event.userId, at: event.at } as LogEvent] : [];
        }),
        newest: events.at(-1)?.seq ?? after,
      };
    },

    /** Position of the newest event; null where the exam is gone. */
    async newest(examIds: string[]): Promise<Map<string, bigint>> {
      const exams = await db.exam.findMany({ where: { id: { in: examIds } }, select: { id: true, lastSeq: true } });
      return new Map(exams.map(({ id, lastSeq }) => [id, lastSeq]));
    },
  };
}

export type EventLog = ReturnType<typeof createEventLog>;

/** One statement a kind, however many events. */
async function readSubjects(db: Database['prisma'], events: Event[]): Promise<Map<string, LogEvent['subject']>> {
  const idsOf = (...kinds: EventKind[]) => [
    ...new Set(events.filter(({ kind }) => kinds.includes(kind)).map(({ subjectId }) => subjectId)),
  ];
  const find = async <T>(ids: string[], query: (where: { id: { in: string[] } }) => Promise<T[]>) =>
    ids.length > 0 ? query({ id: { in: ids } }) : [];
  const rows = await Promise.all([
    find(idsOf('WARNING_ADDED', 'WARNING_REVIEWED'), (where) => db.warning.findMany({ where })),
    find(idsOf('PARTICIPANT_CHANGED'), (where) => db.participant.findMany({ where })),
    find(idsOf('EXAM_CHANGED'), (where) => db.exam.findMany({ where })),
    find(idsOf('RECORDING_CHANGED'), (where) => db.recording.findMany({ where })),
  ]);
  return new Map(rows.flat().map((row) => [row.id, row]));
}
