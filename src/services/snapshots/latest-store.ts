import type { Pool } from '../../adapters/database/database-transaction.ts';
import { sealBytes, unsealBytes } from '../../adapters/storage/sealed-bytes.ts';
import { batched } from '../../async/batched.ts';

export interface LatestPicture {
  participantId: string;
  /** JPEG. */
  image: Uint8Array;
  /** Milliseconds since 1970. */
  at: number;
}

/** How long a picture is kept after it was stored. No later one is taken when the participant or the exam has finished. */
const KEPT = `interval '1 hour'`;
const MAX_READ = 1_000;
/** Each replaced picture leaves a dead one in the table, which would grow by 100 MB until the database cleans up by itself. */
const DEAD_BYTES = 24 * 1024 * 1024;

/** Rows are locked in an order that all writers share. An older picture, from another server, replaces no newer one. */
const WRITE = `
INSERT INTO "LatestSnapshot" AS s ("participantId", sealed, "takenAt", "storedAt")
SELECT p.id, fresh.sealed, to_timestamp(fresh.at / 1000), now()
  FROM unnest($1::text[], $2::bytea[], $3::float8[]) AS fresh(id, sealed, at) JOIN "Participant" p ON p.id = fresh.id
 ORDER BY p.id
    ON CONFLICT ("participantId") DO UPDATE SET sealed = excluded.sealed, "takenAt" = excluded."takenAt", "storedAt" = excluded."storedAt"
 WHERE s."takenAt" < excluded."takenAt"`;

/**
 * The newest picture of each participant, in an UNLOGGED table: any server can read it, and it is in no backup by write-ahead log
 * and on no standby. Encrypted by the installation's secret, since operators encrypt storage and not necessarily the database.
 */
export function createLatestStore({ pool, secret }: { pool: Pool; secret: string }) {
  let dead = 0;
  const sealOf = (participantId: string) => ({ secret: Buffer.from(secret), purpose: 'latest-snapshot', context: participantId });

  return {
    async write(pictures: readonly LatestPicture[]): Promise<void> {
      const sealed = pictures.map(({ participantId, image }) => sealBytes(image, sealOf(participantId)));
      const values = [pictures.map(({ participantId }) => participantId), sealed, pictures.map(({ at }) => at)];
      await pool.query({ name: 'write-latest-snapshots', text: WRITE, values });
      dead += sealed.reduce((sum, { length }) => sum + length, 0);
      if (dead < DEAD_BYTES) return;
      dead = 0;
      await pool.query('VACUUM (SKIP_LOCKED, TRUNCATE false) "LatestSnapshot"');
    },

    /** When the picture of a participant was taken; undefined if there is none. Those that are asked for together share a statement. */
    takenAt: batched<string, Date | undefined>(async (participantIds) => {
      const { rows } = await pool.query<{ participantId: string; takenAt: Date }>({
        name: 'latest-snapshot-times',
        text: `SELECT "participantId", "takenAt" FROM "LatestSnapshot" WHERE "participantId" = ANY($1) AND "storedAt" > now() - ${KEPT}`,
        values: [participantIds],
      });
      const found = new Map(rows.map(({ participantId, takenAt }) => [participantId, takenAt]));
      return participantIds.map((id) => found.get(id));
    }, MAX_READ),

    async read(participantId: string): Promise<Buffer | null> {
      const { rows } = await pool.query<{ sealed: Buffer }>({
        name: 'latest-snapshot',
        text: `SELECT sealed FROM "LatestSnapshot" WHERE "participantId" = $1 AND "storedAt" > now() - ${KEPT}`,
        values: [participantId],
      });
      return rows[0] ? unsealBytes(rows[0].sealed, sealOf(participantId)) : null;
    },

    async prune(): Promise<void> {
      await pool.query(`DELETE FROM "LatestSnapshot" WHERE "storedAt" <= now() - ${KEPT}`);
    },
  };
}

export type LatestStore = ReturnType<typeof createLatestStore>;
