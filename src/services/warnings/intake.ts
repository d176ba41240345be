import { inTransaction, isFaultOfRows, type Pool, type Transaction } from '../../adapters/database/database-transaction.ts';
import { busy, GroupCommit, Lanes } from '../../async/group-commit.ts';
import { within } from '../../async/within.ts';
import { notFound } from '../../errors.ts';
import type { Warning } from '../../generated/prisma/client.ts';
import type { EventLog, LogEvent } from '../event-log/event-log.ts';
import { refuseCancelled } from '../exams.ts';
import { isFinal } from '../participants/lifecycle.ts';
import { insertWarnings, lockExams, readKnown, readReporters } from './intake-sql.ts';
import type { LockedExam, Report, Reporter } from './report.ts';
import { newWarningRow } from './rows.ts';

/**
 * `changes`: the report changes more than the log, because it brings the participant in. `locked`: another transaction holds the
 * exam. In both cases nothing is stored.
 */
type Outcome = Warning[] | 'changes' | 'locked';
type Settled = PromiseSettledResult<Outcome>;

const MAX_REPORTS = 512;
/** For the whole commit: after this the sender is asked to try again, which `clientEventId` makes safe. */
const ANSWER_MS = 2_500;

const reporterKey = (examId: string, userId: string) => JSON.stringify([examId, userId]);
const eventKey = (examId: string, userId: string, clientEventId: string) => JSON.stringify([examId, userId, clientEventId]);

/**
 * How most warnings get into the log: reports of all exams that arrive together share a transaction of four statements,
 * hand-written because Prisma's cost per row is most of the cost of a report (bench/: ingest).
 */
export function createWarningIntake({ pool, eventLog }: { pool: Pool; eventLog: EventLog }) {
  /** An exam that another transaction holds does not delay the others: its reports wait in their own lane. */
  const shared = new GroupCommit<Report, Outcome>((reports) => commit(reports, 'skip'), { maxItems: MAX_REPORTS });
  const alone = new Lanes<Report, Outcome>(() => new GroupCommit((reports) => commit(reports, 'wait'), { maxItems: MAX_REPORTS }));

  /** Rows that the database refuses are found by bisection: they fail alone. */
  async function commit(reports: Report[], locked: 'skip' | 'wait'): Promise<Settled[]> {
    try {
      return await transact(pool, eventLog, reports, locked);
    } catch (reason) {
      if (!isFaultOfRows(reason)) throw reason;
      if (reports.length === 1) return [rejected(reason)];
      const half = Math.ceil(reports.length / 2);
      return [...(await commit(reports.slice(0, half), locked)), ...(await commit(reports.slice(half), locked))];
    }
  }

  async function addSomewhere(report: Report): Promise<Outcome> {
    const { examId } = report;
    if (alone.has(examId)) return alone.add(examId, report);
    const outcome = await shared.add(report);
    return outcome === 'locked' ? alone.add(examId, report) : outcome;
  }

  return {
    /**
     * Stores what the participant has not reported before. Resolves when that is durable.
     * @returns one row per warning, the stored one for a repeated `clientEventId`; null if the report would change more than the
     *   log; nothing was stored then.
     * @throws AppError `not_found` or `conflict` for the exam; `server_error` if the database is too slow, and then the warnings
     *   may or may not be stored.
     */
    async add(report: Report): Promise<Warning[] | null> {
      const outcome = await within(ANSWER_MS, addSomewhere(report), busy);
      if (outcome === 'locked') throw busy();
      return outcome === 'changes' ? null : outcome;
    },
  };
}

export type WarningIntake = ReturnType<typeof createWarningIntake>;

async function transact(pool: Pool, eventLog: EventLog, reports: Report[], locked: 'skip' | 'wait'): Promise<Settled[]> {
  const { outcomes, events } = await inTransaction(pool, (transaction) => write(transaction, reports, locked));
  eventLog.announce(events);
  return outcomes;
}

/** Decides on each report under the locks, then writes all rows. */
async function write(
  transaction: Transaction,
  reports: Report[],
  locked: 'skip' | 'wait',
): Promise<{ outcomes: Settled[]; events: LogEvent[] }> {
  const { exams, existing, now } = await lockExams(
    transaction,
    reports.map(({ examId }) => examId),
    locked,
  );
  const open = reports.filter(({ examId }) => exams.has(examId));
  const reporters = new Map((await readReporters(transaction, open)).map((it) => [reporterKey(it.examId, it.userId), it]));
  const known = new Map(
    (await readKnown(transaction, open)).map((row) => [eventKey(row.examId, row.userId ?? '', row.clientEventId ?? ''), row]),
  );

  const fresh: Warning[] = [];
  const outcomes = reports.map(({ examId, userId, source, warnings }): Settled => {
    const exam = exams.get(examId);
    if (!exam) return existing.has(examId) ? fulfilled('locked') : rejected(notFound('Exam'));
    const reporter = reporters.get(reporterKey(examId, userId));
    try {
      refuseCancelled(exam);
    } catch (reason) {
      return rejected(reason);
    }
    if (!reporter || changesMore(exam, reporter)) return fulfilled('changes');
    return fulfilled(
      warnings.map((warning) => {
        const key = warning.clientEventId ? eventKey(examId, userId, warning.clientEventId) : null;
        const before = key && known.get(key);
        if (before) return before;
        exam.lastSeq += 1n;
        const row = newWarningRow(warning, { examId, seq: exam.lastSeq, participantId: reporter.id, userId, source, now });
        if (key) known.set(key, row);
        fresh.push(row);
        return row;
      }),
    );
  });
  if (fresh.length > 0) await insertWarnings(transaction, fresh);
  return { outcomes, events: fresh.map(asEvent) };
}

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
});
