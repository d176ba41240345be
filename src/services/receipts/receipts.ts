import { CompactSign } from 'jose';
import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import { notFound } from '../../errors.ts';
import type { Recording, RecordingType, Submission } from '../../generated/prisma/client.ts';
import { groupBy } from '../../group-by.ts';
import { isComplete } from '../recordings/lifecycle.ts';
import type { ReceiptKey } from './receipt-key.ts';

export interface ReceiptRecording {
  id: string;
  type: RecordingType;
  bytes: number;
  /** Hexadecimal; of what, `hashOf` says. */
  sha256: string;
  /** The file as it can be downloaded; or the list of the chunks received, a line `index hash` for each. */
  hashOf: 'file' | 'chunks';
  complete: boolean;
}

export interface Receipt {
  submissionId: string;
  examId: string;
  userId: string;
  submittedAt: Date;
  warningsReceived: number;
  warningsStored: number;
  recordings: ReceiptRecording[];
  issuedAt: Date;
  /** All of the above as a JWS in compact form (RFC 7515), signed with Ed25519 (RFC 8037). */
  signature: string;
}

const MOST_AT_ONCE = 200;

const SUBMISSIONS = `SELECT id, "participantId", "examId", "userId", "submittedAt", "warningsReceived", "warningsStored",
    date_trunc('milliseconds', clock_timestamp()) AS "issuedAt"
  FROM "Submission" WHERE id = ANY($1)`;

/** A recording whose file has not all of its chunks is described by them. */
const RECORDINGS = `
SELECT r.id, r."participantId", r.type, r.size::float8 AS size, r.sha256, r.closed, r."chunkCount", r."expectedChunks", r."nextChunk",
       came.bytes AS "chunkBytes", came.hash AS "chunkHash"
  FROM "Recording" r LEFT JOIN LATERAL (
    SELECT coalesce(sum(c.size), 0)::float8 AS bytes,
           encode(sha256(convert_to(coalesce(string_agg(c.index || ' ' || c.sha256 || E'\\n', '' ORDER BY c.index), ''), 'UTF8')), 'hex') AS hash
      FROM "RecordingChunk" c WHERE c."recordingId" = r.id
  ) came ON r.live OR r."lateBytes" > 0 OR r.sha256 = ''
 WHERE r."participantId" = ANY($1) ORDER BY r."createdAt", r.id`;

type SubmissionRow = Omit<Receipt, 'submissionId' | 'recordings' | 'signature'> & Pick<Submission, 'id' | 'participantId'>;
type RecordingRow = Pick<
  Recording,
  'id' | 'participantId' | 'type' | 'sha256' | 'closed' | 'chunkCount' | 'expectedChunks' | 'nextChunk'
> & {
  size: number;
  chunkBytes: number | null;
  chunkHash: string | null;
};

const describe = (row: RecordingRow): ReceiptRecording => ({
  id: row.id,
  type: row.type,
  ...(row.chunkHash === null
    ? { bytes: row.size, sha256: row.sha256, hashOf: 'file' as const }
    : { bytes: row.chunkBytes ?? 0, sha256: row.chunkHash, hashOf: 'chunks' as const }),
  // A recording of which the browser says that there is nothing has no file.
  complete: (row.chunkHash === null || row.expectedChunks === 0) && isComplete(row),
});

/** The type as REST writes it. */
export const presentReceiptRecordings = (recordings: readonly ReceiptRecording[]) =>
  recordings.map(({ type, ...recording }) => Object.assign(recording, { type: type.toLowerCase() as Lowercase<RecordingType> }));

/** What a candidate gets to show what this server has received: signed, so that it can be shown to others. */
export function createReceipts({ pool, key: { privateKey, jwk } }: { pool: Pool; key: ReceiptKey }) {
  const header = { alg: jwk.alg, kid: jwk.kid, typ: 'invigil-receipt+json' };

  const sign = async (receipt: Omit<Receipt, 'signature'>): Promise<Receipt> => {
    const payload = { ...receipt, recordings: presentReceiptRecordings(receipt.recordings) };
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    return { ...receipt, signature: await new CompactSign(bytes).setProtectedHeader(header).sign(privateKey) };
  };

  async function issue(submissionIds: readonly string[]): Promise<(Promise<Receipt> | null)[]> {
    const { rows: submissions } = await pool.query<SubmissionRow>({
      name: 'receipt-submissions',
      text: SUBMISSIONS,
      values: [submissionIds],
    });
    const participants = submissions.map(({ participantId }) => participantId);
    const { rows } = await pool.query<RecordingRow>({ name: 'receipt-recordings', text: RECORDINGS, values: [participants] });
    const recordingsOf = groupBy(rows, ({ participantId }) => participantId);
    const byId = new Map(submissions.map((row) => [row.id, row]));
    return submissionIds.map((submissionId) => {
      const row = byId.get(submissionId);
      if (!row) return null;
      const { id: _same, participantId, ...about } = row;
      const recordings = (recordingsOf.get(participantId) ?? []).map(describe);
      return sign({ submissionId, ...about, recordings });
    });
  }

  const read = batched(issue, MOST_AT_ONCE);

  return {
    /** The public key. */
    jwk,

    /** A receipt as of now. @throws AppError `not_found` if the submission is gone */
    async of(submissionId: string): Promise<Receipt> {
      const receipt = await read(submissionId);
      if (!receipt) throw notFound('Submission');
      return receipt;
    },
  };
}

export type Receipts = ReturnType<typeof createReceipts>;
