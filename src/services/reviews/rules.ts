import type { ReviewStatus, Verdict } from '../../generated/prisma/client.ts';
import { countPeople, mayBeSame, type Reviewer } from './reviewers.ts';

/**
 * What the verdicts about a participant make of its `review`: the rule that accuses least. Each person's newest verdict counts.
 *
 * - A violation needs two people, and more than those who decided otherwise.
 * - While somebody says that it is one, any other verdict needs two people as well, and at least as many as say so.
 * - As long as neither is the case the review is IN_REVIEW, which accuses of nothing.
 * - Where nobody says that it is a violation, the newest verdict counts.
 */

type Opinion = Pick<Verdict, 'reviewer' | 'status'>;

const OTHERWISE: ReadonlySet<ReviewStatus> = new Set(['PASSED', 'SUSPICIOUS']);

/** Whether a status says what was decided, and not only how far people are. */
export const decides = (status: ReviewStatus) => status !== 'NOT_REVIEWED' && status !== 'IN_REVIEW';

/** The statuses that need a reason. */
export const NEED_REASON: readonly ReviewStatus[] = ['SUSPICIOUS', 'VIOLATION', 'UPHELD', 'OVERTURNED'];

/** Against these a candidate may object. */
export const CONTESTABLE: readonly ReviewStatus[] = ['SUSPICIOUS', 'VIOLATION'];

/** The newest verdict of each person. @param verdicts oldest first */
function standing<O extends Opinion>(verdicts: readonly O[]): O[] {
  const newest: O[] = [];
  for (const verdict of verdicts.toReversed())
    if (!newest.some(({ reviewer }) => isSamePerson(reviewer, verdict.reviewer))) newest.push(verdict);
  return newest;
}

/** Without a name the shared link is a person of its own here, so that it takes back no verdict that bears a name. */
const isSamePerson = (a: Reviewer, b: Reviewer) => mayBeSame(a, b) && nameless(a) === nameless(b);
export const nameless = (reviewer: Reviewer) => reviewer.endsWith(':');

const count = (opinions: readonly Opinion[], test: (status: ReviewStatus) => boolean) =>
  countPeople(opinions.filter(({ status }) => test(status)).map(({ reviewer }) => reviewer));

/** @param verdicts all, oldest first; the last one is new */
export function outcomeOf(verdicts: readonly Opinion[]): ReviewStatus {
  const status = verdicts.at(-1)?.status ?? 'NOT_REVIEWED';
  const opinions = standing(verdicts);
  const accusing = count(opinions, (it) => it === 'VIOLATION');
  if (accusing === 0) return status;
  const otherwise = count(opinions, (it) => OTHERWISE.has(it));
  if (accusing >= 2 && accusing > otherwise) return 'VIOLATION';
  const agreeing = count(opinions, (it) => it === status);
  return OTHERWISE.has(status) && agreeing >= 2 && agreeing >= accusing ? status : 'IN_REVIEW';
}

/** Whether this person stands by that verdict, as far as anybody can tell. */
export const hasGiven = (verdicts: readonly Opinion[], reviewer: Reviewer, status: ReviewStatus): boolean =>
  standing(verdicts).some((opinion) => opinion.status === status && mayBeSame(opinion.reviewer, reviewer));

/**
 * The first verdict that says violation and waits for another person, if there is one: what follows it is hidden from staff who have
 * not decided themselves, so that the second person looks with eyes of its own.
 */
export function openViolation<O extends Opinion>(verdicts: readonly O[]): O | undefined {
  if (outcomeOf(verdicts) !== 'IN_REVIEW') return undefined;
  const accusing = new Set(standing(verdicts).filter(({ status }) => status === 'VIOLATION'));
  return verdicts.find((verdict) => accusing.has(verdict));
}

/** The verdicts that a reviewer reads. @param verdicts all of a participant, oldest first */
export function shownTo<O extends Opinion>(reviewer: Reviewer, verdicts: readonly O[]): readonly O[] {
  const open = openViolation(verdicts);
  const own = verdicts.filter((verdict) => verdict.reviewer === reviewer && !nameless(reviewer));
  if (!open || own.some(({ status }) => decides(status))) return verdicts;
  const since = verdicts.indexOf(open);
  return verdicts.filter((verdict, at) => at < since || own.includes(verdict));
}
