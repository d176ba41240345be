import { createProctorLink, enterConsole, proctorUrl, revokeProctorLink } from '../resolvers/proctors.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { Exam } from './exam.ts';

const ProctorLink = builder.prismaObject('ProctorLink', {
  description: 'A personal admin link: opens the console of one exam, and everything that is done with it bears the name.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `link_`; for `revokeProctorLink`.' }),
    name: t.exposeString('name', { description: 'Name of the proctor, as the log shows it.' }),
    url: t.string({
      description: 'The link. Whoever has it acts as this proctor: give it to nobody else.',
      select: { exam: { select: { tenant: true } } },
      resolve: (link, _args, ctx) => proctorUrl(ctx, link, link.exam),
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends.' }),
    createdBy: t.exposeString('createdBy', { description: 'Name of the API key that made it.' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was closed; null while it opens.' }),
    revokedBy: t.exposeString('revokedBy', { nullable: true, description: 'Name of the API key that closed it.' }),
  }),
});

interface Session {
  token: string;
  name: string;
  expiresAt: Date;
}

const ProctorSession = builder.objectRef<Session>('ProctorSession').implement({
  description: 'What the bearer of the shared admin link acts with after it has said who it is.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Bearer token for this exam, with the rights of the link.' }),
    name: t.exposeString('name', {
      description: 'The name as the log shows it: it ends in `(shared link)`, because nobody has checked it.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token ends: after 24 hours, or with the link.' }),
  }),
});

builder.prismaObjectFields(Exam, (t) => ({
  proctorLinks: t.relation('proctorLinks', {
    authScopes: { lms: true },
    query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 1_000 },
    description: 'The personal admin links, oldest first, with those that were revoked; at most 1,000. LMS and admin only.',
  }),
}));

builder.mutationFields((t) => {
  const examId = t.arg.id({ required: true, description: EXAM_ID });
  const name = t.arg.string({ required: true, description: 'Name of the proctor, 1 to 100 characters.' });
  return {
    createProctorLink: t.field({
      type: ProctorLink,
      authScopes: { lms: true },
      description: 'Makes a personal admin link of the exam. LMS and admin only. Each call makes another one.',
      args: { examId, name, expiresAt: t.arg({ type: 'DateTime', description: 'When it ends; default: in 90 days, at most in 365.' }) },
      resolve: (_root, args, ctx) => createProctorLink(ctx, args),
    }),
    revokeProctorLink: t.field({
      type: ProctorLink,
      authScopes: { lms: true },
      description: 'Closes a personal admin link, also for those who use it now. LMS and admin only. A second call changes nothing.',
      args: { id: t.arg.id({ required: true, description: 'Id of the link.' }) },
      resolve: (_root, { id }, ctx) => revokeProctorLink(ctx, { linkId: id }),
    }),
    enterConsole: t.field({
      type: ProctorSession,
      authScopes: { staff: true },
      description:
        'The bearer of the shared admin link (`Exam.adminUrl`) says who it is, and gets a token that bears the name. FORBIDDEN for API keys, personal links and such tokens: they have a name.',
      args: { examId, name },
      resolve: (_root, args, ctx) => enterConsole(ctx, args),
    }),
  };
});
