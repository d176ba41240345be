import type { Pool } from '../../adapters/database/database-transaction.ts';
import { AppError, formatLimit } from '../../errors.ts';
import type { Stored } from '../exam-writes/handed-in.ts';
import { ASKED, type ParticipantKey, readPerParticipant } from '../participants/key.ts';

/** A day of exam with a reload every quarter of an hour, webcam and screen each. */
const MOST_RECORDINGS = 200;

const READ = `
SELECT p."examId", p."userId", count(r.id)::int AS recordings, coalesce(sum(r.size + r."lateBytes"::bigint), 0)::text AS bytes
  FROM ${ASKED}
  JOIN "Recording" r ON r."participantId" = p.id
 GROUP BY 1, 2`;

type Row = ParticipantKey & { recordings: number; bytes: string };

/** How much a participant may store with their own token: one hostile candidate must not fill the disk of an exam. */
export function createQuota({ pool, maxBytes }: { pool: Pool; maxBytes: number }) {
  const read = readPerParticipant<Row>(pool, 'read-quota', READ);

  /** @throws AppError `conflict` for who may not store another recording */
  function refuse({ recordings, bytes }: Stored): void {
    if (recordings >= MOST_RECORDINGS) throw exceeded(`${MOST_RECORDINGS} recordings`);
    if (bytes >= BigInt(maxBytes)) throw exceeded(formatLimit(maxBytes));
  }

  return {
    /** For all recordings of a participant together. */
    maxBytes,

    /**
     * Checked before a recording is read, so that those that arrive at the same moment pass: `refuse` is called again when it is stored.
     * @param coming what the participant is sending already
     * @throws AppError `conflict`
     */
    async admit(who: ParticipantKey, coming: Stored = { recordings: 0, bytes: 0n }): Promise<void> {
      const { recordings = 0, bytes = '0' } = (await read(who)) ?? {};
      refuse({ recordings: recordings + coming.recordings, bytes: BigInt(bytes) + coming.bytes });
    },

    refuse,

    /** For a chunk. @returns AppError `conflict` */
    full: () => exceeded(formatLimit(maxBytes)),
  };
}

const exceeded = (limit: string) =>
  new AppError('conflict', 'This participant has stored as much as is allowed', [
    { field: 'userId', issue: `has reached the limit of ${limit}` },
  ]);

export type Quota = ReturnType<typeof createQuota>;
