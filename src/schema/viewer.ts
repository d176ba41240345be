import type { Viewer as ViewerRow } from '../services/access/viewer.ts';
import { builder } from './builder.ts';

const ViewerRole = builder.enumType('ViewerRole', {
  description: 'What a credential permits: README.md has the table.',
  values: {
    ADMIN: { description: 'Everything, in every organisation.' },
    LMS: { description: 'Creates exams of its organisation, invites, submits and verifies.' },
    PROCTOR: { description: 'Watches and reviews the exams of its organisation, or the one exam of its link.' },
    PARTICIPANT: { description: 'Takes one exam; without `userId` the bearer of `Exam.accessUrl`, who may only join.' },
    ANONYMOUS: { description: 'No credentials.' },
  } as const,
});

type Role = 'ADMIN' | 'LMS' | 'PROCTOR' | 'PARTICIPANT' | 'ANONYMOUS';

const Viewer = builder.objectRef<ViewerRow>('Viewer').implement({
  description: 'Whom the credentials of this request belong to.',
  fields: (t) => ({
    role: t.field({ type: ViewerRole, description: 'The role.', resolve: ({ role }) => role.toUpperCase() as Role }),
    name: t.exposeString('name', {
      description:
        "The API key's name, that of a personal admin link, the participant's user id, or what kind of link it is; with `(shared link)` behind a name that its bearer gave itself.",
    }),
    examId: t.exposeID('examId', {
      nullable: true,
      description: 'The only exam that the token of a link or of a participant opens; null for API keys.',
    }),
    userId: t.exposeID('userId', { nullable: true, description: 'The user of a participant; null for everybody else.' }),
    organisation: t.exposeID('tenant', {
      nullable: true,
      description: 'The organisation whose exams are visible; null for admins and without credentials.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'When the token ends; null for API keys.' }),
  }),
});

builder.queryField('me', (t) =>
  t.field({ type: Viewer, description: 'Who is asking. Needs no credentials.', resolve: (_root, _args, { viewer }) => viewer }),
);
