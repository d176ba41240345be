import { isDiskFull, isPassing } from '../../adapters/database/database-transaction.ts';
import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import { Gate } from '../../async/gate.ts';
import { GroupCommit, Lanes } from '../../async/group-commit.ts';
import { Turns } from '../../async/turns.ts';
import { DiskFull, notFound } from '../../errors.ts';
import type { Event, Exam, Prisma } from '../../generated/prisma/client.ts';
import type { EventKind } from '../../generated/prisma/enums.ts';
import type { ExamWrite } from '../exam-writes/exam-state.ts';
import { createExamWrites } from '../exam-writes/exam-writes.ts';
import { type AnswerKeeper, inPrisma, keepAnswers } from '../idempotency.ts';
import { createEventReader, type LogEvent } from './event-reader.ts';

export type { LogEvent } from './event-reader.ts';

/** Without writes to the exam: later drafts of the same transaction would not see them. */
export type DraftTransaction = Omit<Prisma.TransactionClient, 'exam'>;

/** A part of a transaction on one exam, whose row is locked: nothing else of the exam changes meanwhile. */
export interface Draft {
  readonly tx: DraftTransaction;
  /** The current exam, including changes by this draft and earlier ones in the transaction. */
  readonly exam: Exam;
  /** By the database's clock, which all servers share; the time of everything that the draft writes. */
  readonly now: Date;
  /** The only way to change the exam. */
  changeExam(data: ExamChange): Promise<Exam>;
  /** Adds an event and returns its position. `by` and similar facts go into `data`. */
  emit(kind: EventKind, subjectId: string, about?: { userId?: string; data?: Prisma.InputJsonObject }): bigint;
}

/** The columns of an exam that may change; its position in the log changes through `emit`. */
export type ExamChange = Omit<Prisma.ExamUncheckedUpdateManyInput, 'id' | 'tenant' | 'createdAt' | 'lastSeq'>;

type Write = (draft: Draft) => Promise<unknown>;

export const examTopic = (examId: string) => `exam:${examId}`;

/** At most this many drafts of one exam share a transaction: one that fails takes time from the others. */
const MAX_DRAFTS = 16;
/**
 * Transactions of all exams at once: fewer than there are connections, so that reads find a free one, and that writes wait in
 * their exam's line, which is fair and knows how long it is, and not for a connection.
 */
const DRAFTS_AT_ONCE = 10;
const WRITES_AT_ONCE = 6;

/**
 * The durable log of every exam. State and its events commit in one transaction, and `seq` is contiguous within an exam: it is
 * raised under the lock of the exam's row, so the order of `seq` is the order of the commits.
 */
export function createEventLog({
  db,
  pool,
  intakePool,
  bus,
}: Pick<Database, 'pool' | 'intakePool'> & { db: Database['prisma']; bus: Bus }) {
  const reader = createEventReader({ db, pool });
  const committed = new Set<(events: readonly LogEvent[]) => void>();

  const gate = new Gate(DRAFTS_AT_ONCE);
  const turns = new Turns();
  const lanes = new Lanes<Write, unknown>(
    (examId) =>
      new GroupCommit((writes, progress) => turns.run(examId, progress, () => transact(db, examId, writes)), {
        maxItems: MAX_DRAFTS,
        gate,
      }),
  );

  /** Tells this process's hubs what was just committed, so that they need not read it, and wakes the other processes. */
  function announce(events: readonly LogEvent[]): void {
    for (const listener of committed) listener(events);
    for (const examId of new Set(events.map((event) => event.examId))) bus.publish(examTopic(examId));
  }

  const examWrites = createExamWrites({ pool: intakePool, gate: new Gate(WRITES_AT_ONCE), turns, announce });

  return {
    ...reader,

    /**
     * Runs `write` in a transaction that holds the exam's lock, then wakes the exam's followers. Drafts of an exam that arrive
     * together share the transaction; a failed one is rolled back alone. For writes of which many come at the same time, see `write`.
     * @param keeper stores the answer under the request's idempotency key in the same transaction
     * @throws AppError `not_found` if the exam is gone; anything that `write` throws, and then nothing is stored.
     */
    async append<T>(examId: string, write: (draft: Draft) => Promise<T>, keeper: AnswerKeeper | null = null): Promise<T> {
      const result = await lanes.add(examId, keeper ? (draft) => writeAndKeep(draft, write, keeper) : write);
      bus.publish(examTopic(examId));
      return result as T;
    },

    /**
     * Stores a write together with all others of the exam that arrive at the same time, in a few statements: see `ExamWrite`.
     * @throws AppError `not_found` if the exam is gone; anything that its `decide` throws, and then nothing of it is stored
     */
    write: <T>(examId: string, write: ExamWrite<T>): Promise<T> => examWrites.add(examId, write),

    announce,

    onAnnounced(listener: (events: readonly LogEvent[]) => void): void {
      committed.add(listener);
    },
  };
}

export type EventLog = ReturnType<typeof createEventLog>;

async function writeAndKeep<T>(draft: Draft, write: (draft: Draft) => Promise<T>, keeper: AnswerKeeper): Promise<T> {
  const result = await write(draft);
  await keepAnswers(inPrisma(draft.tx), [await keeper.answer(result)]);
  return result;
}

const TRANSACTION = { maxWait: 2_000, timeout: 15_000 };

const RETRY_MS = 1_000;

/** Runs the drafts once more if the connection was lost before the commit. */
async function transact(db: Database['prisma'], examId: string, writes: Write[]): Promise<PromiseSettledResult<unknown>[]> {
  const begun = performance.now();
  let isWritten = false;
  const run = () =>
    db.$transaction(async (tx) => {
      const outcomes = await runDrafts(tx, examId, writes);
      isWritten = true;
      return outcomes;
    }, TRANSACTION);
  try {
    return await run();
  } catch (error) {
    if (isDiskFull(error)) throw new DiskFull({ cause: error });
    if (isWritten || !isPassing(error) || performance.now() - begun > RETRY_MS) throw error;
    return run();
  }
}

/** @returns one outcome per draft; throws if nothing was stored. */
async function runDrafts(tx: Prisma.TransactionClient, examId: string, writes: Write[]): Promise<PromiseSettledResult<unknown>[]> {
  const [locked] = await tx.$queryRaw<(Exam & { now: Date })[]>`
    SELECT *, date_trunc('milliseconds', now()) AS now FROM "Exam" WHERE id = ${examId} FOR NO KEY UPDATE`;
  if (!locked) throw notFound('Exam');
  const { now, ...exam } = locked;
  const group = new DraftGroup(tx, exam, now);
  const outcomes: PromiseSettledResult<unknown>[] = [];
  for (const write of writes) outcomes.push(writes.length === 1 ? await group.runOnly(write) : await group.run(write));
  await group.finish();
  return outcomes;
}

type NewEvent = Omit<Event, 'data'> & { data: Prisma.InputJsonObject | null };

/** Drafts that share a transaction, one after the other. */
class DraftGroup {
  readonly #tx: Prisma.TransactionClient;
  readonly #now: Date;
  readonly #events: NewEvent[] = [];
  #exam: Exam;
  #seq: bigint;

  constructor(tx: Prisma.TransactionClient, exam: Exam, now: Date) {
    this.#tx = tx;
    this.#now = now;
    this.#exam = exam;
    this.#seq = exam.lastSeq;
  }

  #draft(): Draft {
    const current = () => ({ ...this.#exam, lastSeq: this.#seq });
    return {
      tx: this.#tx,
      now: this.#now,
      get exam() {
        return current();
      },
      changeExam: async (data) => {
        this.#exam = await this.#tx.exam.update({ where: { id: this.#exam.id }, data });
        return current();
      },
      emit: (kind, subjectId, { userId, data } = {}) => {
        this.#seq += 1n;
        const about = { userId: userId ?? null, data: data ?? null };
        this.#events.push({ examId: this.#exam.id, seq: this.#seq, kind, subjectId, at: this.#now, ...about });
        return this.#seq;
      },
    };
  }

  /** A failure rolls back the whole transaction. */
  async runOnly(write: Write): Promise<PromiseFulfilledResult<unknown>> {
    return { status: 'fulfilled', value: await write(this.#draft()) };
  }

  /** A failure rolls back this draft only. */
  async run(write: Write): Promise<PromiseSettledResult<unknown>> {
    const before = { exam: this.#exam, seq: this.#seq, events: this.#events.length };
    await this.#tx.$executeRaw`SAVEPOINT draft`;
    try {
      const outcome = await this.runOnly(write);
      await this.#tx.$executeRaw`RELEASE SAVEPOINT draft`;
      return outcome;
    } catch (reason) {
      await this.#tx.$executeRaw`ROLLBACK TO SAVEPOINT draft`;
      this.#exam = before.exam;
      this.#seq = before.seq;
      this.#events.length = before.events;
      return { status: 'rejected', reason };
    }
  }

  async finish(): Promise<void> {
    if (this.#events.length === 0) return;
    await insertEvents(this.#tx, this.#events);
    await this.#tx.exam.update({ where: { id: this.#exam.id }, data: { lastSeq: this.#seq }, select: { id: true } });
  }
}

/** One hand-written statement: a submission brings thousands of events, and Prisma would block everybody for seconds. */
async function insertEvents(tx: Prisma.TransactionClient, events: readonly NewEvent[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO "Event" ("examId", seq, kind, "subjectId", "userId", data, at)
    SELECT "examId", seq, kind, "subjectId", "userId", data::jsonb, at
      FROM unnest(${events.map(({ examId }) => examId)}::text[], ${events.map(({ seq }) => seq)}::bigint[],
        ${events.map(({ kind }) => kind)}::"EventKind"[], ${events.map(({ subjectId }) => subjectId)}::text[],
        ${events.map(({ userId }) => userId)}::text[], ${events.map(({ data }) => data && JSON.stringify(data))}::text[],
        ${events.map(({ at }) => at)}::timestamptz[]) AS event("examId", seq, kind, "subjectId", "userId", data, at)`;
}
