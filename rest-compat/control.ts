import { z } from 'zod';
import type { Context } from '../src/context.ts';
import type { Participant } from '../src/generated/prisma/client.ts';
import {
  addTime,
  addTimeToAll,
  admitParticipant,
  admitParticipants,
  pauseParticipant,
  pauseParticipants,
  readmitParticipant,
  resumeParticipant,
  resumeParticipants,
  terminateParticipant,
} from '../src/resolvers/control.ts';
import { requireStaffOf } from '../src/resolvers/policy.ts';
import { addTimeInput, chosenInput, decisionInput, optionalReason } from '../src/services/participants/input.ts';
import { typed } from '../src/validation.ts';
import * as answers from './answers/participants.ts';
import { JSON_BODY, NO_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofExam, ofParticipant } from './params.ts';
import { presentSeated } from './present.ts';
import { post, type Route } from './route.ts';

/** What staff do to a running exam, as in GraphQL. Not in the documented API. */

const presentAll = async (ctx: Context, participants: readonly Participant[]) => ({
  participants: await Promise.all(participants.map((participant) => presentSeated(ctx, participant))),
});

type Call = Readonly<{ ctx: Context }>;
const one = { answer: answers.seatedParticipant, present: ({ ctx }: Call, participant: Participant) => presentSeated(ctx, participant) };
const many = {
  answer: answers.seatedParticipants,
  present: ({ ctx }: Call, participants: readonly Participant[]) => presentAll(ctx, participants),
};
const admission = z.object({ reason: optionalReason }, typed('a JSON object'));
const staffOnly = { admit: ({ ctx, path: { examId } }: { ctx: Context; path: { examId: string } }) => requireStaffOf(ctx, examId) };
const taking = { accepts: JSON_BODY, read: readJsonBody, query: nothing };

export const controlRoutes: Route[] = [
  post({
    path: '/exams/:examId/participants/:userId/pause',
    summary: "Stops a participant's clock.",
    params: ofParticipant,
    body: decisionInput,
    ...one,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, decision) => pauseParticipant(ctx, { ...path, ...decision }),
  }),
  post({
    path: '/exams/:examId/participants/:userId/resume',
    summary: "Lets a paused participant's clock go on.",
    params: ofParticipant,
    query: nothing,
    ...one,
    ...NO_BODY,
    run: ({ ctx, path }) => resumeParticipant(ctx, path),
  }),
  post({
    path: '/exams/:examId/participants/:userId/admit',
    summary: 'Lets in a participant who waits; with a reason also one who has not checked in.',
    params: ofParticipant,
    body: admission,
    ...one,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, { reason }) => admitParticipant(ctx, { ...path, reason }),
  }),
  post({
    path: '/exams/:examId/admit',
    summary: 'Lets in all who wait, or some of them.',
    params: ofExam,
    body: admission.extend({ userIds: chosenInput.shape.userIds }),
    ...many,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path: { examId } }, chosen) => admitParticipants(ctx, { examId, ...chosen }),
  }),
  post({
    path: '/exams/:examId/participants/:userId/terminate',
    summary: 'Ends the exam for one participant.',
    params: ofParticipant,
    body: decisionInput,
    ...one,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, decision) => terminateParticipant(ctx, { ...path, ...decision }),
  }),
  post({
    path: '/exams/:examId/participants/:userId/readmit',
    summary: 'Lets a participant back in, with the time that was left and a new token.',
    params: ofParticipant,
    body: decisionInput,
    answer: answers.readmitted,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, decision) => readmitParticipant(ctx, { ...path, ...decision }),
    present: async ({ ctx }, { participant, token, expiresAt }) => ({
      participant: await presentSeated(ctx, participant),
      token,
      expiresAt,
    }),
  }),
  post({
    path: '/exams/:examId/participants/:userId/time',
    summary: "Adds minutes to a participant's time. Each request adds: repeat it with its Idempotency-Key.",
    params: ofParticipant,
    body: addTimeInput,
    ...one,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, added) => addTime(ctx, { ...path, ...added }),
  }),
  post({
    path: '/exams/:examId/pause',
    summary: 'Pauses all who are in the exam, or some of them.',
    params: ofExam,
    body: decisionInput.extend(chosenInput.shape),
    ...many,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, decision) => pauseParticipants(ctx, { ...path, ...decision }),
  }),
  post({
    path: '/exams/:examId/resume',
    summary: 'Resumes all who are paused, or some of them.',
    params: ofExam,
    body: chosenInput,
    ...many,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, chosen) => resumeParticipants(ctx, { ...path, ...chosen }),
  }),
  post({
    path: '/exams/:examId/time',
    summary: 'Adds minutes for all who have not left the exam, or those of a group. Each request adds: repeat it with its Idempotency-Key.',
    params: ofExam,
    body: addTimeInput.extend({ group: chosenInput.shape.group }),
    ...many,
    ...taking,
    ...staffOnly,
    run: ({ ctx, path }, added) => addTimeToAll(ctx, { ...path, ...added }),
  }),
];
