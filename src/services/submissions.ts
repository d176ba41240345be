import { AppError } from '../errors.ts';
import type { Participant, Recording, RecordingType, Submission } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { JsonText } from '../validation.ts';
import type { EventLog } from './event-log/event-log.ts';
import type { ExamState } from './exam-writes/exam-state.ts';
import { refuseCancelled, startTogether } from './exams.ts';
import type { AnswerKeeper } from './idempotency.ts';
import { entryOf, submitted } from './participants/lifecycle.ts';
import { comesInBySign } from './participants/moves.ts';
import { enrolled } from './participants/participants.ts';
import type { LiveRecordings } from './recordings/live/live-recordings.ts';
import type { CheckedMedia, PlacedMedia, Recordings } from './recordings/recordings.ts';
import type { WarningInput } from './warnings/input.ts';

export interface NewSubmission {
  userId: string;
  stats: JsonText;
  warnings: readonly WarningInput[];
  webcam: CheckedMedia | null;
  screen: CheckedMedia | null;
  idempotencyKey: string | null;
  /** Stores the answer under that key, with the submission. */
  keeper: AnswerKeeper | null;
}

/** Without the client's statistics, which nobody needs again. */
export type SubmissionWithRecordings = Omit<Submission, 'stats'> & { recordings: Recording[] };

interface Dependencies {
  eventLog: EventLog;
  recordings: Recordings;
  liveRecordings: LiveRecordings;
}

const wasIn = (state: ExamState, { status }: Participant) => comesInBySign(status) && (status !== 'INVITED' || entryOf(state) === 'ACTIVE');

export function createSubmissions({ eventLog, recordings, liveRecordings }: Dependencies) {
  async function write(
    examId: string,
    { userId, stats, warnings, idempotencyKey, keeper }: NewSubmission,
    placed: Readonly<Record<RecordingType, PlacedMedia | null>>,
  ): Promise<{ row: SubmissionWithRecordings; isNew: boolean }> {
    const repeats = { warnings, sameMomentIsSame: true };
    let isNew = true;
    const decide = (state: ExamState): SubmissionWithRecordings => {
      refuseCancelled(state.exam);
      const participant = enrolled(state, userId);
      const { id: participantId } = participant;
      const before = state.handedIn.submissionsOf(participantId);
      const first = idempotencyKey ? before.find((one) => one.idempotencyKey === idempotencyKey) : undefined;
      isNew = !first;
      if (first)
        return { ...first, recordings: state.handedIn.recordingsOf(participantId).filter(({ submissionId }) => submissionId === first.id) };
      if (before.some(({ submittedAt }) => !participant.readmittedAt || submittedAt >= participant.readmittedAt))
        throw new AppError('conflict', 'This user has already submitted', [{ field: 'userId', issue: 'has already submitted' }]);

      // Who submits was in the exam, so it has begun, unless they were never let in.
      if (wasIn(state, participant)) startTogether(state, userId);
      const id = newId('sub');
      const { stored } = state.addUnseen(participant, 'CLIENT', repeats);
      submitted(state, state.participant(userId) ?? participant, id);
      const files = liveRecordings.submitted(state, participantId, id);
      for (const type of ['WEBCAM', 'SCREEN'] as const) {
        const media = placed[type];
        if (media) files.push(recordings.add(state, participant, type, media, { submissionId: id }));
      }
      const counts = { warningsReceived: warnings.length, warningsStored: stored };
      const row = { id, examId, participantId, userId, ...counts, idempotencyKey, submittedAt: state.now };
      return { ...state.handedIn.addSubmission({ ...row, stats }), recordings: files };
    };
    const row = await eventLog.write(examId, { userId, repeats, submits: true, stats, keeper, decide });
    return { row, isNew };
  }

  return {
    /**
     * Stores a participant's session: all of it or nothing. A repeat with the idempotency key of the first request gets the first
     * answer; its files are not stored again.
     * @throws AppError `conflict` for a second submission of the same user, who was not readmitted in between.
     */
    async submit(examId: string, submission: NewSubmission): Promise<SubmissionWithRecordings> {
      const { webcam, screen } = submission;
      const { row, isNew } = await recordings.storing(async (moved) => {
        const placed = {
          WEBCAM: webcam && (await recordings.place(webcam, moved)),
          SCREEN: screen && (await recordings.place(screen, moved)),
        };
        const outcome = await write(examId, submission, placed);
        if (!outcome.isNew) await recordings.removeUnnamed(moved);
        return outcome;
      });
      if (isNew) recordings.enqueue(row.recordings);
      return row;
    },
  };
}

export type Submissions = ReturnType<typeof createSubmissions>;
