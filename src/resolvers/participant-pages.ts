import { z } from 'zod';
import type { Context } from '../context.ts';
import { invalidField } from '../errors.ts';
import type { Participant, ParticipantStatus, Prisma } from '../generated/prisma/client.ts';
import { sightOf } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import type { ParticipantFilter, ParticipantOrder, Place } from '../services/reads/participant-pages.ts';
import { lookupText, parseInput, text } from '../validation.ts';
import { requireExam } from './policy.ts';

export const LONGEST_SEARCH = 200;
/** A name of 200 characters takes most of it. */
const LONGEST_CURSOR = 4_000;

const filterInput = z.object({ group: lookupText.nullish(), search: text(LONGEST_SEARCH).nullish() }).loose();
const placeInput = z.tuple([
  z.enum(['ADDED', 'NAME', 'ATTENTION', 'NEWEST_WARNING']),
  z.string().regex(/^-?\d{1,18}$/),
  text(LONGEST_CURSOR),
  lookupText,
]);

export interface ParticipantsAsked {
  filter?: ParticipantFilter | null | undefined;
  status?: ParticipantStatus | null | undefined;
  order?: ParticipantOrder | null | undefined;
}

/** As in Pothos's cursors: it parses that of every list before its own resolver is asked. */
const PREFIX = 'GPC:S:';

/** It names its order, because in another one it would be another place. */
const cursorOf = (order: ParticipantOrder, { rank, label, id }: Place): string =>
  Buffer.from(PREFIX + JSON.stringify([order, rank, label, id])).toString('base64');

function placeOf(cursor: string, order: ParticipantOrder): Place {
  const bad = () => invalidField('after', 'must be a cursor of this list, in this order');
  if (cursor.length > LONGEST_CURSOR) throw bad();
  try {
    const [of, rank, label, id] = placeInput.parse(JSON.parse(Buffer.from(cursor, 'base64').toString().slice(PREFIX.length)));
    if (of === order) return { rank, label, id };
  } catch {
    // What is wrong with it is of no use to anybody.
  }
  throw bad();
}

/** Participants see only themselves, and nobody's rank. */
const orderFor = ({ viewer }: Context, order: ParticipantOrder): ParticipantOrder =>
  isStaff(viewer) || order === 'ADDED' ? order : 'NAME';

/** Both a single status and a list of them may be asked for: then it must be in both. */
function filterOf({ filter, status }: ParticipantsAsked): ParticipantFilter {
  const checked = parseInput(filterInput, filter ?? {}) as ParticipantFilter;
  if (!status) return checked;
  return { ...checked, statuses: checked.statuses ? checked.statuses.filter((one) => one === status) : [status] };
}

export interface ParticipantPage {
  edges: { cursor: string; node: Participant }[];
  hasNextPage: boolean;
  totalCount(): Promise<number>;
}

type Columns = Pick<Prisma.ParticipantFindManyArgs, 'select' | 'include'>;

/**
 * A page of the participants of an exam that the viewer may see.
 * @param asked.first how many
 * @param asked.after cursor of the last one seen
 * @param columns relations to read with them: Pothos's `query`
 */
export async function listParticipants(
  ctx: Context,
  examId: string,
  { first, after, ...asked }: ParticipantsAsked & { first: number; after?: string | null | undefined },
  columns: Columns = {},
): Promise<ParticipantPage> {
  const { hotReads } = ctx.services;
  const sight = sightOf(ctx.viewer);
  const filter = filterOf(asked);
  const order = orderFor(ctx, asked.order ?? 'ADDED');
  const found = await hotReads.readParticipants(examId, sight, {
    filter,
    order,
    after: after == null ? null : placeOf(after, order),
    limit: first + 1,
  });
  const page = found.slice(0, first);
  const nodes = await withRelations(
    ctx,
    page.map(({ row }) => row),
    columns,
  );
  return {
    edges: page.flatMap(({ row, place }) => {
      const node = nodes.get(row.id);
      return node ? [{ cursor: cursorOf(order, place), node }] : [];
    }),
    hasNextPage: found.length > first,
    totalCount: () => hotReads.countParticipants(examId, sight, filter),
  };
}

/** As `listParticipants`, for a caller who names the exam. @throws AppError `not_found` */
export async function listParticipantsOf(
  ctx: Context,
  examId: string,
  asked: ParticipantsAsked & { first: number; after?: string | null | undefined },
): Promise<ParticipantPage> {
  const { id } = await requireExam(ctx, examId);
  return listParticipants(ctx, id, asked);
}

/** The same rows with their relations, if a query wants any: one more statement, however many rows. */
async function withRelations(ctx: Context, rows: readonly Participant[], columns: Columns): Promise<Map<string, Participant>> {
  const isPlain = !columns.select && Object.keys(columns.include ?? {}).length === 0;
  const read = isPlain ? rows : await ctx.db.participant.findMany({ ...columns, where: { id: { in: rows.map(({ id }) => id) } } });
  return new Map(read.map((row) => [row.id, row]));
}
