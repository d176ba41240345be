import type { Context } from '../src/context.ts';
import { requireLms, requireStaffOf } from '../src/resolvers/policy.ts';
import { createProctorLink, enterConsole, proctorUrl, revokeProctorLink } from '../src/resolvers/proctors.ts';
import { enterConsoleInput, proctorLinkInput } from '../src/services/access/input.ts';
import * as answers from './answers/proctors.ts';
import { JSON_BODY, NO_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofExam, ofProctorLink } from './params.ts';
import { presentViewer } from './present.ts';
import { get, post, type Route } from './route.ts';

/** Who proctors are, as in GraphQL. Not in the documented API. */

async function presentLink(ctx: Context, link: Awaited<ReturnType<typeof createProctorLink>>) {
  const { id, name, expiresAt, revokedAt } = link;
  return { id, name, url: await proctorUrl(ctx, link, link.exam), expiresAt, ...(revokedAt && { revokedAt }) };
}

const taking = { accepts: JSON_BODY, read: readJsonBody, query: nothing };

export const proctorRoutes: Route[] = [
  get({
    path: '/me',
    summary: 'Says whom the credentials belong to. Needs none.',
    params: nothing,
    query: nothing,
    answer: answers.viewer,
    open: true,
    run: async ({ ctx }) => presentViewer(ctx.viewer),
  }),
  post({
    path: '/exams/:examId/proctor-links',
    summary: 'Makes a personal admin link, whose bearer acts under its name.',
    params: ofExam,
    body: proctorLinkInput,
    answer: answers.proctorLink,
    ...taking,
    admit: ({ ctx }) => requireLms(ctx),
    run: ({ ctx, path }, input) => createProctorLink(ctx, { ...path, ...input }),
    present: ({ ctx }, link) => presentLink(ctx, link),
  }),
  post({
    path: '/exams/:examId/proctor-links/:linkId/revoke',
    summary: 'Closes a personal admin link, also for those who use it now.',
    params: ofProctorLink,
    query: nothing,
    answer: answers.proctorLink,
    ...NO_BODY,
    run: ({ ctx, path }) => revokeProctorLink(ctx, path),
    present: ({ ctx }, link) => presentLink(ctx, link),
  }),
  post({
    path: '/exams/:examId/console',
    summary: 'The bearer of the shared admin link says who it is, and gets a token that bears the name.',
    params: ofExam,
    body: enterConsoleInput,
    answer: answers.proctorSession,
    ...taking,
    admit: ({ ctx, path: { examId } }) => requireStaffOf(ctx, examId),
    run: ({ ctx, path }, input) => enterConsole(ctx, { ...path, ...input }),
    present: (_call, session) => session,
  }),
];
