import type { Pool } from '../../adapters/database/database-transaction.ts';
import type { Database } from '../../adapters/database/database.ts';
import { ResyncRequired } from '../../errors.ts';
import type { Event, Exam, Message, Participant, Recording, Warning } from '../../generated/prisma/client.ts';
import type { EventKind } from '../../generated/prisma/enums.ts';
import { groupByExam } from './by-exam.ts';

type EventSubject =
  | { kind: 'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED'; subject: Warning }
  | { kind: 'PARTICIPANT_CHANGED'; subject: Participant }
  | { kind: 'EXAM_CHANGED'; subject: Exam }
  | { kind: 'RECORDING_CHANGED'; subject: Recording }
  | { kind: 'MESSAGE_SENT' | 'MESSAGE_READ'; subject: Message };

/** An event with the row that it is about, as the row is when the event is read; `data` says what happened then. */
export type LogEvent = EventSubject & Pick<Event, 'examId' | 'seq' | 'userId' | 'at' | 'data'>;

/** A position in the log of an exam: everything up to `after` is known. */
export interface Position {
  examId: string;
  after: bigint;
}

/** A page of the log, contiguous from the requested position. */
export interface EventPage {
  /** Events whose row was erased are left out. */
  events: LogEvent[];
  /** Position of the last event read, left out or not; the requested position if there is nothing later. */
  newest: bigint;
  /** Whether more may follow: as many were read as were requested. */
  isPart: boolean;
  /** Set if retention removed the next events: position of the oldest event that is still there. */
  resyncFrom: bigint | null;
}

export function createEventReader({ db, pool }: { db: Database['prisma']; pool: Pool }) {
  /** The events after each position, at most `limit` each. One statement for all positions, and one per kind of row. */
  async function readMany(positions: readonly Position[], limit: number): Promise<Map<string, EventPage>> {
    const examIds = positions.map(({ examId }) => examId);
    const afters = positions.map(({ after }) => after);
    const events = await db.$queryRaw<Event[]>`
      SELECT e.*
      FROM unnest(${examIds}::text[], ${afters}::bigint[]) AS position(exam, after),
      LATERAL (SELECT * FROM "Event" WHERE "examId" = exam AND seq > after ORDER BY seq LIMIT ${limit}) e
      ORDER BY e."examId", e.seq`;
    const subjects = await readSubjects(db, events);
    const byExam = groupByExam(events);
    return new Map(positions.map(({ examId, after }) => [examId, page(byExam.get(examId) ?? [], after, limit, subjects)]));
  }

  return {
    readMany,

    /** @throws ResyncRequired if events after the position are no longer kept. */
    async read(examId: string, after: bigint, limit: number): Promise<EventPage> {
      const found = (await readMany([{ examId, after }], limit)).get(examId);
      if (!found) throw new Error('unreachable: every position is answered');
      if (found.resyncFrom !== null) throw new ResyncRequired(found.resyncFrom);
      return found;
    },

    /** @throws ResyncRequired if retention removed what follows a position that is not the newest. */
    async assertKept(examId: string, after: bigint, newest: bigint): Promise<void> {
      const next = await db.event.findFirst({ where: { examId, seq: { gt: after } }, orderBy: { seq: 'asc' }, select: { seq: true } });
      const oldest = next?.seq ?? newest + 1n;
      if (oldest !== after + 1n) throw new ResyncRequired(oldest);
    },

    /**
     * After a restore from a backup, other events may have the positions that a client has seen.
     * @throws ResyncRequired if the event at that position happened at another time
     */
    async assertSame(examId: string, seq: bigint, at: Date): Promise<void> {
      const found = await db.event.findUnique({ where: { examId_seq: { examId, seq } }, select: { at: true } });
      if (!found || found.at.getTime() === at.getTime()) return;
      const oldest = await db.event.findFirst({ where: { examId }, orderBy: { seq: 'asc' }, select: { seq: true } });
      throw new ResyncRequired(oldest?.seq ?? seq);
    },

    /** Position of each exam's newest event; deleted exams are not in the result. */
    async newest(examIds: readonly string[]): Promise<Map<string, bigint>> {
      // Hand-written, because every subscription starts with it: a room of consoles that reconnects asks thousands of times at once.
      const { rows } = await pool.query<{ id: string; lastSeq: string }>({
        name: 'newest-positions',
        text: 'SELECT id, "lastSeq" FROM "Exam" WHERE id = ANY($1)',
        values: [examIds],
      });
      return new Map(rows.map(({ id, lastSeq }) => [id, BigInt(lastSeq)]));
    },
  };
}

function page(events: Event[], after: bigint, limit: number, subjects: Map<string, LogEvent['subject']>): EventPage {
  const [first] = events;
  if (first && first.seq !== after + 1n) return { events: [], newest: after, isPart: false, resyncFrom: first.seq };
  return {
    events: events.flatMap(({ kind, subjectId, examId, seq, userId, at, data }) => {
      const subject = subjects.get(subjectId);
      return subject ? [{ kind, subject, examId, seq, userId, at, data } as LogEvent] : [];
    }),
    newest: events.at(-1)?.seq ?? after,
    isPart: events.length === limit,
    resyncFrom: null,
  };
}

/** One statement per kind, however many events. */
async function readSubjects(db: Database['prisma'], events: Event[]): Promise<Map<string, LogEvent['subject']>> {
  const idsOf = (...kinds: EventKind[]) => [
    ...new Set(events.filter(({ kind }) => kinds.includes(kind)).map(({ subjectId }) => subjectId)),
  ];
  const find = async <T>(ids: string[], query: (where: { id: { in: string[] } }) => Promise<T[]>) =>
    ids.length > 0 ? query({ id: { in: ids } }) : [];
  const rows = await Promise.all([
    find(idsOf('WARNING_ADDED', 'WARNING_REVIEWED', 'WARNING_UPDATED'), (where) => db.warning.findMany({ where })),
    find(idsOf('PARTICIPANT_CHANGED'), (where) => db.participant.findMany({ where })),
    find(idsOf('EXAM_CHANGED'), (where) => db.exam.findMany({ where })),
    find(idsOf('RECORDING_CHANGED'), (where) => db.recording.findMany({ where })),
    find(idsOf('MESSAGE_SENT', 'MESSAGE_READ'), (where) => db.message.findMany({ where })),
  ]);
  return new Map(rows.flat().map((row) => [row.id, row]));
}
