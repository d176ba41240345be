import type { Pool } from '../../adapters/database/database-transaction.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { creditServerOutage } from '../participants/time.ts';

/** A gap that candidates notice. A server that is only slow leaves shorter ones. */
const LEAST_OUTAGE_MS = 5_000;

const PULSE = `
WITH before AS (SELECT at FROM "ServerPulse" WHERE id = 1 FOR UPDATE),
  pulse AS (
    INSERT INTO "ServerPulse" (id, at) VALUES (1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET at = greatest("ServerPulse".at, excluded.at)
  )
INSERT INTO "ServerOutage" (id, "from", "to")
SELECT $1, at, clock_timestamp() FROM before WHERE at < clock_timestamp() - ${LEAST_OUTAGE_MS} * interval '1 ms'`;

const OUTAGES = 'SELECT id, "from", "to" FROM "ServerOutage" ORDER BY "from"';
const CONCERNED = `
SELECT p."examId", p."userId" FROM "Participant" p JOIN "Exam" e ON e.id = p."examId"
 WHERE e.status = 'IN_PROGRESS' AND p.status IN ('ACTIVE', 'DISCONNECTED') AND p."startedAt" < $2 AND p."endsAt" > $1
   AND (p."coveredUntil" IS NULL OR p."coveredUntil" < $2)`;

interface Outage {
  id: string;
  from: Date;
  to: Date;
}

/**
 * Measures the time in which no server ran, and credits it to everybody whose time ran meanwhile. Each server notes in the database
 * that it runs; whichever notices a gap stores it, and any may finish crediting it.
 */
export function createServerOutages({ pool, eventLog, log }: { pool: Pool; eventLog: EventLog; log: Logger }) {
  /** @returns the exams in which it could not be credited */
  async function credit({ id, ...outage }: Outage): Promise<string[]> {
    const failed: string[] = [];
    const { rows } = await pool.query<{ examId: string; userId: string }>(CONCERNED, [outage.from, outage.to]);
    await changeByExam(rows, async (examId, batch) => {
      const userIds = batch.map(({ userId }) => userId);
      const decide = (state: ExamState) => {
        if (state.exam.status !== 'IN_PROGRESS') return;
        for (const userId of userIds) {
          const participant = state.participant(userId);
          if (participant) creditServerOutage(state, participant, outage);
        }
      };
      await eventLog.write(examId, { userId: '', others: userIds, decide }).catch((error: unknown) => {
        failed.push(examId);
        log.warn({ err: error, examId }, 'could not credit an outage of the server; will try again');
      });
    });
    if (failed.length === 0) await pool.query('DELETE FROM "ServerOutage" WHERE id = $1', [id]);
    return failed;
  }

  async function note(): Promise<void> {
    await pool.query({ name: 'server-pulse', text: PULSE, values: [newId('out')] });
  }

  return {
    /** Notes that this server runs. Nothing that takes long may delay it: the delay would be an outage. */
    note,

    /**
     * Credits outages that have not been yet, after it has noted that this server runs.
     * @returns the exams in which it failed: nobody's time may end there before
     */
    async settle(): Promise<ReadonlySet<string>> {
      await note();
      const { rows } = await pool.query<Outage>({ name: 'server-outages', text: OUTAGES });
      const failed = new Set<string>();
      for (const outage of rows) for (const examId of await credit(outage)) failed.add(examId);
      return failed;
    },
  };
}
