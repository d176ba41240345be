import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLField, GraphQLSchema } from 'graphql';
import type { Context } from '../context.ts';
import { invalidField } from '../errors.ts';
import type { Exam, Prisma } from '../generated/prisma/client.ts';
import { listParticipants, type ParticipantsAsked } from '../resolvers/participant-pages.ts';
import type { PARTICIPANT_ORDERS } from '../services/reads/participant-pages.ts';
import { builder, DEFAULT_PAGE, type Described, paged } from './builder.ts';
import { ParticipantStatusEnum, ReviewStatusEnum } from './participant.ts';

export const ParticipantOrderEnum = builder.enumType('ParticipantOrder', {
  description: 'In which order participants are listed.',
  values: {
    NAME: { description: 'By name, as people sort names; by `userId` where there is no name.' },
    ATTENTION: {
      description:
        'Who needs a proctor first: raised hands, then unreviewed CRITICAL warnings, then other unreviewed warnings of LOW and above, then those who are offline, then the rest; by name among themselves.',
    },
    NEWEST_WARNING: { description: 'The one with the newest warning first; those without warnings last, by name.' },
  } satisfies Described<(typeof PARTICIPANT_ORDERS)[number]>,
});

export const ORDER =
  'By default the order in which they were added. A cursor is a place in the order: a page has those who are after it now. So somebody whose place changes between two pages may be missing from both or be in both; nobody else is.';

export const ParticipantFilterInput = builder.inputType('ParticipantFilter', {
  description: 'Which participants to list. What is left out fits everybody.',
  fields: (t) => ({
    statuses: t.field({ type: [ParticipantStatusEnum], description: 'In one of these statuses; an empty list finds none.' }),
    review: t.field({ type: ReviewStatusEnum, description: 'With this review.' }),
    group: t.string({ description: 'Of this group.' }),
    search: t.string({ description: 'Text that the name or the `userId` contains, in upper or lower case; at most 200 characters.' }),
  }),
});

type Arguments = ParticipantsAsked & {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
};

/** Whether the list needs more than the database's relation: an order that is computed, or a filter. */
export const isOrdered = ({ order, filter }: ParticipantsAsked) => order != null || filter != null;

function pageSize({ first, last, before }: Arguments): number {
  if (last != null) throw invalidField('last', 'is not supported with filter or order: use first and after');
  if (before != null) throw invalidField('before', 'is not supported with filter or order: use first and after');
  paged.maxSize({ first });
  if (first != null && first < 0) throw invalidField('first', 'must not be negative');
  return first ?? DEFAULT_PAGE;
}

/**
 * Lets `Exam.participants` list by rank and by filter. Pothos pages through a relation by columns of its rows only, so its field
 * keeps the plain list, which is read with the exam, and this takes the others. Changes the schema in place.
 */
export function orderParticipants(schema: GraphQLSchema): GraphQLSchema {
  const exam = schema.getType('Exam') as unknown as { getFields(): Record<string, GraphQLField<Exam, Context, Arguments>> };
  const field = exam.getFields()['participants'];
  const plain = field?.resolve;
  if (!field || !plain) throw new Error('unreachable: the schema has it');
  field.resolve = async (source, args, context, info) => {
    if (!isOrdered(args)) return plain(source, args, context, info);
    const paths = [[{ name: 'edges' }, { name: 'node' }]];
    const columns = queryFromInfo({ context, info, typeName: 'Participant', paths }) as Prisma.ParticipantDefaultArgs;
    const { edges, hasNextPage, totalCount } = await listParticipants(context, source.id, { ...args, first: pageSize(args) }, columns);
    const cursors = { startCursor: edges.at(0)?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null };
    return {
      edges,
      pageInfo: { ...cursors, hasNextPage, hasPreviousPage: args.after != null },
      get totalCount() {
        return totalCount();
      },
    };
  };
  return schema;
}
