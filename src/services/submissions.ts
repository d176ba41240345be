import { isFaultOfValues } from '../adapters/database/database-transaction.ts';
import { AppError, invalidField } from '../errors.ts';
import type { Recording, Submission } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { JsonText } from '../validation.ts';
import type { Draft, EventLog } from './event-log/event-log.ts';
import { refuseCancelled } from './exams.ts';
import { submitted } from './participants/lifecycle.ts';
import { ensureParticipant } from './participants/participants.ts';
import type { LiveRecordings } from './recordings/live/live-recordings.ts';
import type { CheckedMedia, Recordings } from './recordings/recordings.ts';
import type { WarningInput } from './warnings/input.ts';
import { addUnseen } from './warnings/warnings.ts';

export interface NewSubmission {
  userId: string;
  stats: JsonText;
  warnings: readonly WarningInput[];
  webcam: CheckedMedia | null;
  screen: CheckedMedia | null;
  idempotencyKey: string | null;
}

/** Without the client's statistics, which nobody needs again. */
export type SubmissionWithRecordings = Omit<Submission, 'stats'> & { recordings: Recording[] };

interface Dependencies {
  eventLog: EventLog;
  recordings: Recordings;
  liveRecordings: LiveRecordings;
}

export function createSubmissions({ eventLog, recordings, liveRecordings }: Dependencies) {
  return {
    /**
     * Stores a participant's session: all of it or nothing. A repeat with the idempotency key of the first request gets the first
     * answer; its files are not stored again.
     * @throws AppError `conflict` for a second submission of the same user.
     */
    async submit(
      examId: string,
      { userId, stats, warnings, webcam, screen, idempotencyKey }: NewSubmission,
    ): Promise<SubmissionWithRecordings> {
      const { submission, isNew } = await recordings.storing(async (moved) => {
        const webcamPlaced = webcam && (await recordings.place(webcam, moved));
        const screenPlaced = screen && (await recordings.place(screen, moved));
        const outcome = await eventLog.append(examId, async (draft) => {
          const { tx, exam, now } = draft;
          refuseCancelled(exam);
          const participant = await ensureParticipant(draft, userId);
          const first = await tx.submission.findUnique({
            where: { participantId: participant.id },
            include: { recordings: true },
            omit: { stats: true },
          });
          if (first && idempotencyKey && first.idempotencyKey === idempotencyKey) return { submission: first, isNew: false };
          if (first)
            throw new AppError('conflict', 'This user has already submitted', [{ field: 'userId', issue: 'has already submitted' }]);

          const { stored } = await addUnseen(draft, participant, 'CLIENT', warnings, { sameMomentIsSame: true });
          const row = await insert(draft, {
            id: newId('sub'),
            examId,
            participantId: participant.id,
            userId,
            warningsReceived: warnings.length,
            warningsStored: stored,
            idempotencyKey,
            submittedAt: now,
            stats,
          });
          await submitted(draft, participant, row.id);
          const files = await liveRecordings.submitted(draft, participant.id, row.id);
          if (webcamPlaced) files.push(await recordings.store(draft, participant, 'WEBCAM', webcamPlaced, { submissionId: row.id }));
          if (screenPlaced) files.push(await recordings.store(draft, participant, 'SCREEN', screenPlaced, { submissionId: row.id }));
          return { submission: { ...row, recordings: files }, isNew: true };
        });
        if (!outcome.isNew) await recordings.removeUnnamed(moved);
        return outcome;
      });
      if (isNew) recordings.enqueue(submission.recordings);
      return submission;
    },
  };
}

/**
 * Hand-written, because Prisma would have to parse and reassemble the statistics.
 * @throws AppError `invalid_request` that names `stats` if they are not JSON, or contain text that PostgreSQL cannot store
 */
async function insert({ tx }: Draft, { stats, ...row }: Omit<Submission, 'stats'> & { stats: JsonText }): Promise<typeof row> {
  const { id, examId, participantId, userId, warningsReceived, warningsStored, idempotencyKey, submittedAt } = row;
  try {
    await tx.$executeRaw`
      INSERT INTO "Submission" (id, "examId", "participantId", "userId", stats, "warningsReceived", "warningsStored", "idempotencyKey", "submittedAt")
      VALUES (${id}, ${examId}, ${participantId}, ${userId}, ${stats.text}::jsonb, ${warningsReceived}, ${warningsStored}, ${idempotencyKey}, ${submittedAt})`;
  } catch (error) {
    throw isFaultOfValues(error) ? invalidField('stats', 'must be JSON that can be stored', { cause: error }) : error;
  }
  return row;
}

export type Submissions = ReturnType<typeof createSubmissions>;
