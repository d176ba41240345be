import type { ExamStatus, ParticipantStatus, Warning, WarningSource } from '../../generated/prisma/client.ts';
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
  /** Types that are suppressed for the participant. */
  suppressed: readonly string[];
}

/** What became of a report: one row per warning, the stored one for a repeat, null for one that an accommodation suppresses. */
export type Reported = (Warning | null)[];

/**
 * Whether an accommodation keeps a reported warning from being stored. What a proctor saw is a person's judgement, which no
 * accommodation replaces.
 */
export const isSuppressed = (suppressed: ReadonlySet<string> | undefined, source: WarningSource, type: string): boolean =>
  source === 'CLIENT' && suppressed !== undefined && suppressed.has(type);
