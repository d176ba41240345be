import { columns } from '../../adapters/database/columns.ts';
import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Participant, type ParticipantStatus, Prisma, type ReviewStatus } from '../../generated/prisma/client.ts';
import { EXAM_IN_SIGHT, inSight, ofUser, type Sight } from '../access/sight.ts';
import { FINAL_STATUSES } from '../participants/moves.ts';

export const PARTICIPANT_ORDERS = ['NAME', 'ATTENTION', 'NEWEST_WARNING'] as const;
/** `ADDED`: the order in which they came into the exam. */
export type ParticipantOrder = (typeof PARTICIPANT_ORDERS)[number] | 'ADDED';

export interface ParticipantFilter {
  statuses?: readonly ParticipantStatus[] | null | undefined;
  review?: ReviewStatus | null | undefined;
  group?: string | null | undefined;
  /** Text that the name or the user id contains, in any case. */
  search?: string | null | undefined;
}

/**
 * A place in an order, by value: `rank` first, then `label`, then `id`. So a page is those whose place is now after this one,
 * whatever became of the row that had it.
 */
export interface Place {
  /** A whole number. */
  rank: string;
  label: string;
  id: string;
}

export type PlacedParticipant = { row: Participant; place: Place };

/** Names of any language, whatever the locale of the database is; capitals matter only between names that are otherwise equal. */
const BY_PEOPLE = 'COLLATE "und-x-icu"';
const NAME = `coalesce(nullif(p.name, ''), p."userId")`;

const unreviewed = (severity: string) =>
  `EXISTS (SELECT FROM "Warning" w WHERE w."examId" = p."examId" AND w."participantId" = p.id AND w.severity ${severity} AND w."reviewDecision" IS NULL)`;

/** What orders participants before their label does. */
const RANKS: Record<ParticipantOrder, { rank: string; label: string }> = {
  ADDED: { rank: `(extract(epoch FROM p."createdAt") * 1000)`, label: `''` },
  NAME: { rank: '0', label: NAME },
  ATTENTION: {
    rank: `CASE WHEN p."handRaisedAt" IS NOT NULL THEN 0 WHEN ${unreviewed(`= 'CRITICAL'`)} THEN 1 WHEN ${unreviewed(`> 'INFO'`)} THEN 2
      WHEN p.status = 'DISCONNECTED' OR (p."offlineSince" IS NOT NULL AND p.status NOT IN ('${FINAL_STATUSES.join("', '")}')) THEN 3 ELSE 4 END`,
    label: NAME,
  },
  NEWEST_WARNING: { rank: `-coalesce((SELECT max(w.seq) FROM "Warning" w WHERE w."participantId" = p.id), 0)`, label: NAME },
};

const contains = (text: string) => `strpos(lower(${text} ${BY_PEOPLE}), lower($8::text ${BY_PEOPLE})) > 0`;

/** By the parameters $5 to $8. */
const FILTER = `($5::"ParticipantStatus"[] IS NULL OR p.status = ANY($5)) AND ($6::"ReviewStatus" IS NULL OR p.review = $6)
  AND ($7::text IS NULL OR p."group" = $7) AND ($8::text IS NULL OR ${contains('p.name')} OR ${contains('p."userId"')})`;

const filterValues = ({ statuses, review, group, search }: ParticipantFilter) => [
  statuses ?? null,
  review ?? null,
  group ?? null,
  search || null,
];

const FROM = `FROM "Exam" e JOIN "Participant" p ON p."examId" = e.id`;
const where = (sight: Sight) => `e.id = $1 AND ${EXAM_IN_SIGHT} AND ${ofUser(sight, 'p')} AND ${FILTER}`;

export interface ParticipantPageOf {
  filter: ParticipantFilter;
  order: ParticipantOrder;
  /** Null for the first page. */
  after: Place | null;
  limit: number;
}

/** The participants within sight whose place is after the given one, whole rows, in one statement. */
export async function readParticipantPage(
  pool: Pool,
  examId: string,
  sight: Sight,
  { filter, order, after, limit }: ParticipantPageOf,
): Promise<PlacedParticipant[]> {
  const { rank, label } = RANKS[order];
  // `OFFSET 0` keeps the planner from computing the rank once for each mention.
  const text = `SELECT ${columns('p', Prisma.ParticipantScalarFieldEnum)}, r.rank::text AS "placeRank", r.label AS "placeLabel"
    ${FROM} CROSS JOIN LATERAL (SELECT (${rank})::bigint AS rank, ${label} AS label OFFSET 0) r
    WHERE ${where(sight)} AND ($9::bigint IS NULL OR (r.rank, r.label ${BY_PEOPLE}, p.id) > ($9, $10::text ${BY_PEOPLE}, $11::text))
    ORDER BY r.rank, r.label ${BY_PEOPLE}, p.id LIMIT $12`;
  const own = [...filterValues(filter), after?.rank ?? null, after?.label ?? null, after?.id ?? null, limit];
  const { rows } = await pool.query<Participant & { placeRank: string; placeLabel: string }>(
    inSight(`participants-by-${order.toLowerCase()}`, text, examId, sight, ...own),
  );
  return rows.map(({ placeRank, placeLabel, ...row }) => ({ row, place: { rank: placeRank, label: placeLabel, id: row.id } }));
}

/** How many participants within sight pass the filter. */
export async function countParticipants(pool: Pool, examId: string, sight: Sight, filter: ParticipantFilter): Promise<number> {
  const text = `SELECT count(*)::int AS count ${FROM} WHERE ${where(sight)}`;
  const { rows } = await pool.query<{ count: number }>(inSight('count-participants', text, examId, sight, ...filterValues(filter)));
  return rows[0]?.count ?? 0;
}
