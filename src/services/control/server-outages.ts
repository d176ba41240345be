import type { Pool } from '../../adapters/database/database-transaction.ts';
import { newId } from '../../ids.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
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
export function createServerOutages({ pool, eventLog }: { pool: Pool; eventLog: EventLog }) {
  async function credit({ id, ...outage }: Outage): Promise<void> {
    const { rows } = await pool.query<{ examId: string; userId: string }>(CONCERNED, [outage.from, outage.to]);
    await changeByExam(rows, async (examId, batch) => {
      const userIds = batch.map(({ userId }) => userId);
      await eventLog.write(examId, {
        userId: '',
        others: userIds,
        decide(state) {
          if (state.exam.status !== 'IN_PROGRESS') return;
          for (const userId of userIds) {
            const participant = state.participant(userId);
            if (participant) creditServerOutage(state, participant, outage);
          }
        },
      });
    });
    await pool.query('DELETE FROM "ServerOutage" WHERE id = $1', [id]);
  }

  return {
    /** Notes that this server runs, and credits outages that have not been yet. Nobody's time may end before. */
    async settle(): Promise<void> {
      await pool.query({ name: 'server-pulse', text: PULSE, values: [newId('out')] });
      const { rows } = await pool.query<Outage>({ name: 'server-outages', text: OUTAGES });
      for (const outage of rows) await credit(outage);
    },
  };
}
