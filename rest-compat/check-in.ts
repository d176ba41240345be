import type { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { parseScanned } from '../src/http/bodies/json-text.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { readRawBody } from '../src/http/bodies/raw-body.ts';
import { sendFile } from '../src/http/send-file.ts';
import { acceptNotice, checkIn, findPhoto, MAX_IMAGE_BYTES, readNotice, verifyParticipant } from '../src/resolvers/check-in.ts';
import { requireParticipant } from '../src/resolvers/policy.ts';
import { checkInInput, noticeInput } from '../src/services/check-in/input.ts';
import * as participantAnswers from './answers/participants.ts';
import { file } from './answers/parts.ts';
import * as recordingAnswers from './answers/recordings.ts';
import { FORM, isMultipart, JSON_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofExam, ofParticipantId, signed } from './params.ts';
import { presentSeated, presentVerification } from './present.ts';
import { type Body, type Call, get, post, type Route } from './route.ts';
import { toStored } from './stored-files.ts';

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const MAX_FIELD_BYTES = 64 * 1024;
const MAX_MEMBERS = 2_000;
const MAX_FIELDS = 8;

type OwnCall = Call<z.output<typeof ofExam>, object>;

const limits = { maxFieldBytes: MAX_FIELD_BYTES, maxFields: MAX_FIELDS };
const picture = { maxBytes: MAX_IMAGE_BYTES };

async function readCheckIn(call: OwnCall): Promise<Body<'photo'>> {
  const { req, scope } = call;
  if (!isMultipart(req)) return readJsonBody(call);
  const { fields, files } = await readMultipart(req, { scope, files: { photo: picture }, textFields: ['device'], ...limits });
  const { device } = fields;
  if (device === undefined) return { fields: {}, files };
  return { fields: { device: parseScanned(Buffer.from(device), { maxMembers: MAX_MEMBERS, field: 'device' }) }, files };
}

async function readPicture({ req, scope }: OwnCall): Promise<Body<'image'>> {
  if (!isMultipart(req)) return { fields: {}, files: { image: await readRawBody(req, { scope, ...picture }) } };
  const { files } = await readMultipart(req, { scope, files: { image: picture }, textFields: [], ...limits });
  return { fields: {}, files };
}

const photo = { description: 'The picture of the face, with exactly one.', mediaTypes: PICTURES, required: false };
const own = { admit: ({ ctx, path: { examId } }: OwnCall) => requireParticipant(ctx, examId) };

/** The notice, the check-in and comparisons by the candidate's own page, as in GraphQL. Not in the documented API. */
export const checkInRoutes: Route[] = [
  get({
    path: '/exams/:examId/notice',
    summary: 'Returns what candidates are told before anything of them is recorded.',
    params: ofExam,
    query: nothing,
    answer: participantAnswers.notice,
    async run({ ctx, path: { examId } }) {
      const { version, text, records, liveChecks, retentionDays } = await readNotice(ctx, examId);
      const recorded = records.map((type) => (type === 'WEBCAM' ? ('webcam' as const) : ('screen' as const)));
      return { version, text, records: recorded, liveChecks, retentionDays };
    },
  }),
  post({
    path: '/exams/:examId/notice',
    summary: 'Notes that the participant of the token accepted the notice.',
    params: ofExam,
    query: nothing,
    body: noticeInput,
    accepts: JSON_BODY,
    answer: participantAnswers.seatedParticipant,
    ...own,
    read: readJsonBody,
    run: ({ ctx, path: { examId } }, { version }) => acceptNotice(ctx, examId, version),
    present: ({ ctx }, participant) => presentSeated(ctx, participant),
  }),
  post({
    path: '/exams/:examId/check-in',
    summary: 'Checks in the participant of the token.',
    params: ofExam,
    query: nothing,
    body: checkInInput,
    accepts: [...FORM, ...JSON_BODY],
    files: { photo },
    answer: participantAnswers.seatedParticipant,
    ...own,
    read: readCheckIn,
    run: ({ ctx, path: { examId } }, { device }, { files }) => checkIn(ctx, { examId, device, photo: files.photo }),
    present: ({ ctx }, participant) => presentSeated(ctx, participant),
  }),
  post({
    path: '/exams/:examId/verify',
    summary: 'Compares a picture of the participant of the token with the face that is known of it.',
    params: ofExam,
    query: nothing,
    body: nothing,
    accepts: [...PICTURES, ...FORM],
    files: { image: { ...photo, required: true } },
    answer: recordingAnswers.verification,
    ...own,
    read: readPicture,
    async run({ ctx, path: { examId } }, _fields, { files }) {
      if (!files.image) throw invalidField('image', 'is required');
      return verifyParticipant(ctx, examId, files.image);
    },
    present: (_call, outcome) => presentVerification(outcome),
  }),
  get({
    path: '/participants/:participantId/photo',
    summary: 'Sends the picture that was taken at a check-in.',
    params: ofParticipantId,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, req, res, path: { participantId }, query: { sig } }) {
      const found = await findPhoto(ctx, participantId, sig);
      await sendFile(req, res, { ...toStored(ctx, found, 'image/jpeg'), disposition: 'inline' });
    },
  }),
];
