import type {
  ConsoleFactsFragment,
  FollowConsoleSubscription,
  OpenQuery,
  PulseSubscription,
  ReasonQuery,
} from '../../generated/graphql.ts';

export type ExamFacts = Omit<ConsoleFactsFragment, 'lastSeq' | 'serverTime'>;
export type ConsoleEvent = FollowConsoleSubscription['examEvents'];
export type Me = OpenQuery['me'];
export type WarningType = OpenQuery['warningTypes'][number];
export type ExamPulse = PulseSubscription['examPulse'];
type PersonPulse = ExamPulse['participants'][number];

type Opened = NonNullable<OpenQuery['exam']>;
type PersonFacts = Opened['participants']['edges'][number]['node'];
export type WarningFacts = Opened['warnings']['edges'][number]['node'];
export type MessageFacts = Opened['messages']['edges'][number]['node'];
export type WarningReason = Extract<NonNullable<ReasonQuery['node']>, { visibleToCandidate: unknown }> & {
  /** What people decided here about warnings, by type and source. */
  records: ReasonQuery['warningRecord'];
};
export type Severity = WarningFacts['severity'];
export type Status = PersonFacts['status'];

/** One candidate, as the console knows it. Replaced as a whole when anything changes. */
export interface Person extends PersonFacts {
  /** Null as long as the person is not in the exam, and before the first pulse. */
  pulse: PersonPulse | null;
}
export type { PersonFacts };

export interface PageOfPeople {
  participants: { pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: { node: PersonFacts }[] };
}

/** From the most to the least serious. */
export const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'] as const satisfies readonly Severity[];

/** In the order of an exam. */
export const STATUSES = [
  ...(['INVITED', 'CHECKING_IN', 'WAITING', 'ACTIVE', 'DISCONNECTED', 'PAUSED'] as const),
  ...(['SUBMITTED', 'TIMED_OUT', 'TERMINATED'] as const),
] satisfies readonly Status[];

const FINAL: ReadonlySet<Status> = new Set(['SUBMITTED', 'TIMED_OUT', 'TERMINATED']);
export const hasLeft = ({ status }: Pick<Person, 'status'>) => FINAL.has(status);
/** Has come and not left. */
export const isInside = (person: Pick<Person, 'status'>) => person.status !== 'INVITED' && !hasLeft(person);
export const mayBeAdmitted = ({ status }: Pick<Person, 'status'>) => status === 'WAITING' || status === 'CHECKING_IN';
export const isOffline = (person: Pick<Person, 'status' | 'online'>) =>
  person.status === 'DISCONNECTED' || (person.online === false && !hasLeft(person));
export const nameOf = ({ name, userId }: Pick<Person, 'name' | 'userId'>) => name || userId;

/** Who wrote, and has not been read. */
export const unreadOf = (messages: readonly MessageFacts[]): ReadonlySet<string> =>
  new Set(messages.flatMap(({ from, readAt, userId }) => (from === 'PARTICIPANT' && readAt === null && userId !== null ? [userId] : [])));

/** Who needs a proctor first, as the server's order ATTENTION: a smaller number is more urgent. */
export function attentionOf(person: Person): number {
  const { unreviewed, unreviewedCritical } = person.warningCounts;
  if (person.handRaised) return 0;
  if (unreviewedCritical > 0) return 1;
  if (unreviewed > 0) return 2;
  return isOffline(person) ? 3 : 4;
}

/** Seconds that something must last before the analysis raises a warning, by sensitivity. */
export const HOLD_SECONDS = { LOW: 10, MEDIUM: 5, HIGH: 2 } as const;
