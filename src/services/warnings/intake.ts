import {
  inTransaction,
  isDiskFull,
  isFaultOfRows,
  isTooSlow,
  type Pool,
  type Transaction,
} from '../../adapters/database/database-transaction.ts';
import { Busy, GroupCommit } from '../../async/group-commit.ts';
import { DiskFull, notFound } from '../../errors.ts';
import type { Warning } from '../../generated/prisma/client.ts';
import type { EventLog, LogEvent } from '../event-log/event-log.ts';
import { refuseCancelled } from '../exams.ts';
import { answersOf, inPool, keepAnswers, LostClaim } from '../idempotency.ts';
import { isFinal } from '../participants/moves.ts';
import { insertWarnings, lockExams, readKnown, readReporters } from './intake-sql.ts';
import { isSuppressed, type LockedExam, type Report, type Reported, type Reporter } from './report.ts';
import { newWarningRow } from './rows.ts';

/**
 * `elsewhere`: the report changes more than the log, because it brings the participant in, or another transaction holds the exam.
 * Nothing is stored then.
 */
type Outcome = Reported | 'elsewhere';
type Settled = PromiseSettledResult<Outcome>;

const MAX_REPORTS = 512;
/** Warnings of a transaction: who reports one waits for those of the transaction before it. */
const MAX_WARNINGS = 2_000;

const reporterKey = (examId: string, userId: string) => JSON.stringify([examId, userId]);
const eventKey = (examId: string, userId: string, clientEventId: string) => JSON.stringify([examId, userId, clientEventId]);

/**
 * How most warnings get into the log: reports of all exams that arrive together share a transaction of four statements,
 * hand-written because Prisma's cost per row is most of the cost of a report (bench/: ingest).
 */
export function createWarningIntake({ pool, eventLog }: { pool: Pool; eventLog: EventLog }) {
  /**
   * An exam that another transaction holds does not delay the others: its reports wait in the line of that exam. `clientEventId`
   * makes it safe to send a report again that was answered before its outcome was known.
   */
  const shared = new GroupCommit<Report, Outcome>((reports) => commit(reports), {
    maxItems: MAX_REPORTS,
    maxWeight: MAX_WARNINGS,
    weightOf: ({ warnings }) => warnings.length,
    senderOf: ({ examId, userId }) => reporterKey(examId, userId),
    answersStalled: true,
  });

  /** Rows that the database refuses are found by bisection: they fail alone. */
  async function commit(reports: Report[]): Promise<Settled[]> {
    try {
      return await transact(pool, eventLog, reports);
    } catch (reason) {
      if (isTooSlow(reason)) throw new Busy({ cause: reason });
      if (isDiskFull(reason)) throw new DiskFull({ cause: reason });
      if (!isFaultOfRows(reason) && !(reason instanceof LostClaim)) throw reason;
      if (reports.length === 1) return [rejected(reason)];
      const half = Math.ceil(reports.length / 2);
      return [...(await commit(reports.slice(0, half))), ...(await commit(reports.slice(half)))];
    }
  }

  return {
    /**
     * Stores what the participant has not reported before. Resolves when that is durable.
     * @returns null if the report must be written together with other changes of the exam; nothing was stored then.
     * @throws AppError `not_found` or `conflict` for the exam; TooOften if too many wait; Busy if the database does not answer, and
     *   then the warnings may or may not be stored.
     */
    async add(report: Report): Promise<Reported | null> {
      const outcome = await shared.add(report);
      return outcome === 'elsewhere' ? null : outcome;
    },
  };
}

export type WarningIntake = ReturnType<typeof createWarningIntake>;

async function transact(pool: Pool, eventLog: EventLog, reports: Report[]): Promise<Settled[]> {
  const { outcomes, events } = await inTransaction(pool, (transaction) => write(transaction, reports));
  eventLog.announce(events);
  return outcomes;
}

/** Decides on each report under the locks, then writes all rows. */
async function write(transaction: Transaction, reports: Report[]): Promise<{ outcomes: Settled[]; events: LogEvent[] }> {
  const { exams, existing, now } = await lockExams(
    transaction,
    reports.map(({ examId }) => examId),
  );
  const open = reports.filter(({ examId }) => exams.has(examId));
  const reporters = new Map((await readReporters(transaction, open)).map((it) => [reporterKey(it.examId, it.userId), it]));
  const known = new Map(
    (await readKnown(transaction, open)).map((row) => [eventKey(row.examId, row.userId ?? '', row.clientEventId ?? ''), row]),
  );

  const fresh: Warning[] = [];
  const outcomes = reports.map(({ examId, userId, source, warnings }): Settled => {
    const exam = exams.get(examId);
    if (!exam) return existing.has(examId) ? fulfilled('elsewhere') : rejected(notFound('Exam'));
    const reporter = reporters.get(reporterKey(examId, userId));
    try {
      refuseCancelled(exam);
    } catch (reason) {
      return rejected(reason);
    }
    if (!reporter || changesMore(exam, reporter)) return fulfilled('elsewhere');
    const suppressed = new Set(reporter.suppressed);
    return fulfilled(
      warnings.map((warning) => {
        const key = warning.clientEventId ? eventKey(examId, userId, warning.clientEventId) : null;
        const before = key && known.get(key);
        if (before) return before;
        if (isSuppressed(suppressed, source, warning.type)) return null;
        exam.lastSeq += 1n;
        const row = newWarningRow(warning, { examId, seq: exam.lastSeq, participantId: reporter.id, userId, source, now });
        if (key) known.set(key, row);
        fresh.push(row);
        return row;
      }),
    );
  });
  if (fresh.length > 0) await insertWarnings(transaction, fresh);
  await keepAnswers(
    inPool(transaction),
    await answersOf(
      reports,
      outcomes.map((outcome) => (isElsewhere(outcome) ? null : outcome)),
    ),
  );
  return { outcomes, events: fresh.map(asEvent) };
}

const isElsewhere = (outcome: Settled) => outcome.status === 'fulfilled' && outcome.value === 'elsewhere';
const fulfilled = (value: Outcome): Settled => ({ status: 'fulfilled', value });
const rejected = (reason: unknown): Settled => ({ status: 'rejected', reason });

/** A participant who reports from inside an exam that is not over is in it: see `bringIn`. */
const changesMore = (exam: LockedExam, { status }: Reporter) =>
  exam.status !== 'COMPLETED' && status !== 'PAUSED' && !isFinal(status) && !(status === 'ACTIVE' && exam.status === 'IN_PROGRESS');

const asEvent = (subject: Warning): LogEvent => ({
  kind: 'WARNING_ADDED',
  subject,
  examId: subject.examId,
  seq: subject.seq,
  userId: subject.userId,
  at: subject.recordedAt,
  data: null,
});
