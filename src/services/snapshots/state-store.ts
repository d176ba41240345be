import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { freshState, isOpen, resumeState, type EpisodeState } from './state.ts';

/** A participant's row as it was read. */
export interface Seen {
  participantId: string;
  examId: string;
  /** 0 if there is no row yet. */
  version: number;
  /** Time of the newest analysed snapshot, milliseconds since 1970; null before the first. */
  frameAt: number | null;
  state: EpisodeState;
}

/** The new content of a row, if the row is still as it was read. */
export interface Change extends Pick<Seen, 'participantId' | 'examId' | 'version' | 'state'> {
  frameAt: number;
}

const MAX_ROWS = 500;

const READ = `SELECT version, extract(epoch FROM "frameAt")::float8 * 1000 AS "frameAt", state FROM "LiveWatch" WHERE "participantId" = $1`;

/**
 * Rows that were changed in the meantime stay as they are. A participant who has left has no row, and none is created. Rows are
 * locked in an order that all writers share.
 */
const WRITE = `
INSERT INTO "LiveWatch" AS w ("participantId", "examId", version, "frameAt", open, state)
SELECT change.id, p."examId", change.seen + 1, to_timestamp(change.at / 1000), change.open, change.state::jsonb
  FROM unnest($1::text[], $2::int[], $3::float8[], $4::bool[], $5::text[]) AS change(id, seen, at, open, state)
  JOIN "Participant" p ON p.id = change.id JOIN "Exam" e ON e.id = p."examId"
 WHERE e.status = 'IN_PROGRESS' AND p.status IN ('ACTIVE', 'DISCONNECTED')
   AND (change.seen = 0 OR EXISTS (SELECT FROM "LiveWatch" known WHERE known."participantId" = change.id))
 ORDER BY change.id
    ON CONFLICT ("participantId") DO UPDATE
   SET version = excluded.version, "frameAt" = excluded."frameAt", open = excluded.open, state = excluded.state
 WHERE w.version = excluded.version - 1
RETURNING w."participantId"`;

const parameters = (changes: readonly Change[]) => [
  changes.map(({ participantId }) => participantId),
  changes.map(({ version }) => version),
  changes.map(({ frameAt }) => frameAt),
  changes.map(({ state }) => isOpen(state)),
  changes.map(({ state }) => JSON.stringify(state)),
];

/**
 * The state of each participant between two snapshots, in the database, so that it does not matter which server receives them or
 * whether one was killed. Nothing is locked between reading and writing: the second writer reads again.
 */
export function createStateStore({ pool }: { pool: Pool }) {
  async function writeAll(changes: readonly Change[]): Promise<boolean[]> {
    const { rows } = await pool.query<{ participantId: string }>({ name: 'write-watches', text: WRITE, values: parameters(changes) });
    const written = new Set(rows.map(({ participantId }) => participantId));
    return changes.map(({ participantId }) => written.has(participantId));
  }

  return {
    async read(participantId: string, examId: string): Promise<Seen> {
      const { rows } = await pool.query<Pick<Seen, 'version' | 'state'> & { frameAt: number }>({
        name: 'read-watch',
        text: READ,
        values: [participantId],
      });
      const [row] = rows;
      return row
        ? { participantId, examId, ...row, state: resumeState(row.state) }
        : { participantId, examId, version: 0, frameAt: null, state: freshState() };
    },

    /** Changes that arrive together share one statement. @returns whether it was written */
    write: batched(writeAll, MAX_ROWS),

    /** Like `write`, in the transaction that has the event. */
    async writeWithin(tx: Pick<Prisma.TransactionClient, '$queryRawUnsafe'>, change: Change): Promise<boolean> {
      const rows = await tx.$queryRawUnsafe<unknown[]>(WRITE, ...parameters([change]));
      return rows.length === 1;
    },
  };
}

export type StateStore = ReturnType<typeof createStateStore>;
