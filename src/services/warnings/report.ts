import type { ExamStatus, ParticipantStatus, WarningSource } from '../../generated/prisma/client.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import type { WarningInput } from './input.ts';

/** Warnings of one participant, reported while the exam runs. */
export interface Report {
  examId: string;
  userId: string;
  source: WarningSource;
  warnings: readonly WarningInput[];
  /** Stores the answer under the request's idempotency key, with the warnings. */
  keeper?: AnswerKeeper | null;
}

/** As the transaction found it. */
export interface LockedExam {
  id: string;
  status: ExamStatus;
  lastSeq: bigint;
}

export interface Reporter {
  id: string;
  examId: string;
  userId: string;
  status: ParticipantStatus;
}
