import type { Pool } from '../../adapters/database/database-transaction.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import type { Sensitivity } from '../analysis/sign-track.ts';
import { settingsOf } from '../exam-settings.ts';
import { ASKED, type ParticipantKey, readPerParticipant } from '../participants/key.ts';
import { isFinal } from '../participants/moves.ts';

/** A participant whose snapshots are accepted now. */
export interface AdmittedParticipant extends ParticipantKey {
  participantId: string;
  tenant: string;
  /** Whether snapshots are analysed: not if the exam's AI detection is off, nor while the participant is paused or not in the exam. */
  isLookedAt: boolean;
  sensitivity: Sensitivity;
  /** Types of warning that are not raised for this participant, as an accommodation. */
  suppressed: ReadonlySet<string>;
  /** Milliseconds since 1970, by the database's clock, which all servers share. */
  now: number;
}

const READ = `
SELECT p."examId", p."userId", p.id, p.status, e.status AS "examStatus", e.settings, e.tenant,
       ARRAY(SELECT type FROM "Accommodation" WHERE "participantId" = p.id) AS suppressed,
       extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
  FROM ${ASKED}
  JOIN "Exam" e ON e.id = p."examId"`;

type Row = ParticipantKey &
  Pick<Participant, 'id' | 'status'> & {
    examStatus: Exam['status'];
    settings: Exam['settings'];
    tenant: string;
    suppressed: string[];
    now: number;
  };

/** Reads the senders of snapshots; those that arrive together share one statement. */
export function createAdmission({ pool }: { pool: Pool }) {
  const read = readPerParticipant<Row>(pool, 'read-participants', READ);

  /** @throws AppError `not_found`; `conflict` if the exam is not in progress, or the participant is not in it or has left it. */
  return async function admit({ examId, userId }: ParticipantKey): Promise<AdmittedParticipant> {
    const row = await read({ examId, userId });
    if (!row) throw notFound('Participant');
    const { id, status, examStatus, tenant, now } = row;
    if (examStatus === 'CREATED') throw new AppError('conflict', 'The exam has not started');
    if (examStatus !== 'IN_PROGRESS') throw new AppError('conflict', 'The exam is over');
    if (isFinal(status)) throw new AppError('conflict', 'This participant has already left the exam');
    if (status === 'INVITED') throw new AppError('conflict', 'This participant has not joined the exam');
    const { enabled, sensitivity } = settingsOf(row).aiDetection;
    const isIn = status === 'ACTIVE' || status === 'DISCONNECTED';
    return {
      participantId: id,
      tenant,
      examId,
      userId,
      isLookedAt: enabled && isIn,
      sensitivity,
      suppressed: new Set(row.suppressed),
      now,
    };
  };
}
