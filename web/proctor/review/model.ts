import type { ReviewPersonQuery, ReviewRecordingFragment, ReviewWarningFragment } from '../../generated/graphql.ts';

type Read = NonNullable<NonNullable<ReviewPersonQuery['exam']>['participant']>;

/** One person, as the review shows them. */
export interface Reviewed extends Omit<Read, 'warnings' | 'messages' | 'recordings'> {
  /** In the order in which they were stored. */
  warnings: readonly Finding[];
  messages: readonly Note[];
  /** Oldest first. */
  recordings: readonly Recorded[];
}

export type Finding = ReviewWarningFragment;
export type Recorded = ReviewRecordingFragment;
export type Note = Read['messages']['edges'][number]['node'];
export type Track = Read['evidence'][number];
export type VerdictStatus = Read['review'];
export type Precision = ReviewPersonQuery['warningRecord'][number];
export type TrackType = Recorded['type'];

export const TRACKS = ['WEBCAM', 'SCREEN'] as const satisfies readonly TrackType[];

/** Whether this person has given a verdict. */
export const hasJudged = ({ verdicts }: Pick<Reviewed, 'verdicts'>, me: string) => verdicts.some(({ by }) => by === me);
