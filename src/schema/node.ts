import { findNode } from '../resolvers/nodes.ts';
import { builder } from './builder.ts';

const TYPES = { exam: 'Exam', part: 'Participant', warn: 'Warning', sub: 'Submission', rec: 'Recording', ver: 'Verification' } as const;

export const Node = builder.interfaceRef<{ id: string }>('Node').implement({
  description: 'Any object whose id is unique in the system.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'Its prefix names the type, for example `exam_` or `warn_`.' }) }),
  resolveType: ({ id }) => TYPES[id.slice(0, id.indexOf('_')) as keyof typeof TYPES],
});

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    nullable: true,
    authScopes: { viewer: true },
    description:
      'Any exam, participant, warning, submission, recording or verification by its id; null if it does not exist or you may not see it.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of the object.' }) },
    resolve: (_root, { id }, ctx) => findNode(ctx, id),
  }),
);
