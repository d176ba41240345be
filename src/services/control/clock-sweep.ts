import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { Exams } from '../exams.ts';
import { timeOutDue } from '../participants/lifecycle.ts';

/** A participant's time ends at most this late. */
const EVERY_MS = 1_000;
/** Participants per run. If there are more, the next run follows immediately. */
const MAX_FOUND = 5_000;

/** By the database's clock, which all servers share. */
const FIND_DUE = `
SELECT p."examId", p.id AS "participantId" FROM "Participant" p JOIN "Exam" e ON e.id = p."examId"
 WHERE p."endsAt" <= now() AND e.status = 'IN_PROGRESS' AND p.status IN ('CHECKING_IN', 'WAITING', 'ACTIVE', 'DISCONNECTED')
 ORDER BY p."endsAt" LIMIT ${MAX_FOUND}`;

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
  const sweep = startSweep({
    everyMs: EVERY_MS,
    log,
    failure: 'could not look for participants whose time is over; will try again',
    async run(signal) {
      const { rows: due } = await pool.query<{ examId: string; participantId: string }>({ name: 'find-due', text: FIND_DUE });
      await changeByExam(due, async ({ examId, participantIds }) => {
        if (signal.aborted) return;
        await eventLog
          .append(examId, async (draft) => {
            if (draft.exam.status === 'IN_PROGRESS') await timeOutDue(draft, participantIds);
          })
          .catch((error: unknown) => log.warn({ err: error, examId }, 'could not end the time of participants; will try again'));
      });
      const { rows: closed } = await pool.query<{ id: string }>({ name: 'find-closed', text: FIND_CLOSED });
      for (const { id } of closed)
        await exams.close(id).catch((error: unknown) => log.warn({ err: error, examId: id }, 'could not complete an exam; will try again'));
      return due.length === MAX_FOUND;
    },
  });
  void sweep.now();
  return sweep;
}
