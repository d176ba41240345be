import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import { AppError, formatLimit } from '../../errors.ts';
import type { Stored } from '../exam-writes/exam-state.ts';
import { type ParticipantKey, participantOf } from '../participants/key.ts';

/** A day of exam with a reload every quarter of an hour, webcam and screen each. */
const MOST_RECORDINGS = 200;
const MAX_READ = 1_000;

const READ = `
SELECT p."examId", p."userId", count(r.id)::int AS recordings, coalesce(sum(r.size), 0)::text AS bytes
  FROM unnest($1::text[], $2::text[]) AS who("examId", "userId")
  ${participantOf('who')}
  JOIN "Recording" r ON r."participantId" = p.id
 GROUP BY 1, 2`;

type Row = ParticipantKey & { recordings: number; bytes: string };

const keyOf = ({ examId, userId }: ParticipantKey) => `${examId} ${userId}`;

/** How much a participant may store with their own token: one hostile candidate must not fill the disk of an exam. */
export function createQuota({ pool, maxBytes }: { pool: Pool; maxBytes: number }) {
  async function readAll(who: readonly ParticipantKey[]): Promise<(Row | undefined)[]> {
    const values = [who.map(({ examId }) => examId), who.map(({ userId }) => userId)];
    const { rows } = await pool.query<Row>({ name: 'read-quota', text: READ, values });
    const found = new Map(rows.map((row) => [keyOf(row), row]));
    return who.map((one) => found.get(keyOf(one)));
  }
  const read = batched(readAll, MAX_READ);

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
