import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { type Exams, isExamOver } from '../exams.ts';
import { timeOutDue, timeOutWaiting } from '../participants/lifecycle.ts';
import { createServerOutages } from './server-outages.ts';

/** A participant's time ends at most this late. */
const EVERY_MS = 1_000;
/** Participants per run. If there are more, the next run follows immediately. */
const MAX_FOUND = 5_000;

/** By the database's clock, which all servers share. */
const FIND_DUE = `
SELECT p."examId", p."userId" FROM "Participant" p JOIN "Exam" e ON e.id = p."examId"
 WHERE p."endsAt" <= now() AND e.status = 'IN_PROGRESS' AND (p.status = 'ACTIVE' OR (p.status = 'DISCONNECTED'
   AND p."endsAt" + least(now() - p."offlineSince", greatest(interval '0', coalesce((e.settings->>'creditDisconnectedMinutes')::float8, 0)
     * interval '1 min' - p."outageCreditMs" * interval '1 ms')) <= now()))
 ORDER BY p."endsAt" LIMIT ${MAX_FOUND}`;

/** Came, was not let in, and could not be in the exam any more if they had begun in time. */
const FIND_WAITING = `
SELECT p."examId", p."userId" FROM "Exam" e JOIN "Participant" p ON p."examId" = e.id
 WHERE e.status IN ('CREATED', 'IN_PROGRESS') AND e."closesAt" + e.duration * interval '1 min' <= now() AND p.status IN ('CHECKING_IN', 'WAITING')
 LIMIT ${MAX_FOUND}`;

/** Nobody may begin any more, and nobody is in the exam. */
const FIND_CLOSED = `
SELECT e.id FROM "Exam" e
 WHERE e.status = 'IN_PROGRESS' AND e."closesAt" <= now()
   AND NOT EXISTS (SELECT 1 FROM "Participant" p WHERE p."examId" = e.id
     AND p.status IN ('CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED', 'DISCONNECTED'))
 LIMIT 100`;

interface Dependencies {
  pool: Pool;
  eventLog: EventLog;
  exams: Exams;
  log: Logger;
}

/**
 * Starts the sweep that ends the time of participants, and exams that are over. Each change is checked again under the exam's lock,
 * so any number of servers may run it, and one that was down makes up for it. Call once per process; returns a stop function.
 */
export function startClockSweep({ pool, eventLog, exams, log }: Dependencies): Sweep {
  const outages = createServerOutages({ pool, eventLog, log });

  interface Ending {
    name: string;
    text: string;
    change(state: ExamState, userIds: readonly string[]): void;
  }

  /** @param except exams that wait. @returns how many were found */
  async function end({ name, text, change }: Ending, except: ReadonlySet<string>, signal: AbortSignal) {
    const { rows } = await pool.query<{ examId: string; userId: string }>({ name, text });
    const due = rows.filter(({ examId }) => !except.has(examId));
    await changeByExam(due, async (examId, batch) => {
      if (signal.aborted) return;
      const userIds = batch.map(({ userId }) => userId);
      const decide = (state: ExamState) => {
        if (!isExamOver(state.exam)) change(state, userIds);
      };
      await eventLog
        .write(examId, { userId: '', others: userIds, decide })
        .catch((error: unknown) => log.warn({ err: error, examId }, 'could not end the time of participants; will try again'));
    });
    return due.length;
  }

  const sweep = startSweep({
    everyMs: EVERY_MS,
    log,
    failure: 'could not look for participants whose time is over; will try again',
    async run(signal) {
      const unsettled = await outages.settle();
      const due = await end({ name: 'find-due', text: FIND_DUE, change: timeOutDue }, unsettled, signal);
      await end({ name: 'find-waiting', text: FIND_WAITING, change: timeOutWaiting }, unsettled, signal);
      const { rows: closed } = await pool.query<{ id: string }>({ name: 'find-closed', text: FIND_CLOSED });
      for (const { id } of closed)
        await exams.close(id).catch((error: unknown) => log.warn({ err: error, examId: id }, 'could not complete an exam; will try again'));
      return due === MAX_FOUND;
    },
  });
  // Not in the same sweep: one that waits for exams, as when many end together, is no outage.
  const pulse = startSweep({
    everyMs: EVERY_MS,
    log,
    failure: 'could not note that this server runs; will try again',
    run: () => outages.note(),
  });
  void sweep.now();
  return {
    now: () => sweep.now(),
    async stop() {
      await Promise.all([sweep.stop(), pulse.stop()]);
    },
  };
}
