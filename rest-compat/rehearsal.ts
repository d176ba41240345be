import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { fileTooLarge, invalidField } from '../src/errors.ts';
import { readRawBody } from '../src/http/bodies/raw-body.ts';
import { checkPicture, checkRecording, MAX_IMAGE_BYTES } from '../src/resolvers/check-in.ts';
import { requireCandidate } from '../src/resolvers/policy.ts';
import * as participantAnswers from './answers/participants.ts';
import { file } from './answers/parts.ts';
import { nothing, ofExam } from './params.ts';
import { type Call, post, type Route } from './route.ts';

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const RECORDINGS = ['video/webm', 'video/mp4'];
/** Ten seconds of camera and sound are 1 MB. */
const MAX_ECHO_BYTES = 5 * 1024 * 1024;

type OwnCall = Call<z.output<typeof ofExam>, object>;

const own = {
  params: ofExam,
  query: nothing,
  body: nothing,
  byLink: true as const,
  storesNothing: true as const,
  admit: ({ ctx, path: { examId } }: OwnCall) => requireCandidate(ctx, examId),
};

/** What a page tries out before an exam, by a link too. Nothing is kept. Not in the documented API. */
export const rehearsalRoutes: Route[] = [
  post({
    path: '/exams/:examId/check-picture',
    summary: 'Says whether a check-in would take a picture, and what would make it better. The picture is not kept.',
    ...own,
    accepts: PICTURES,
    files: { image: { description: 'The picture.', mediaTypes: PICTURES, required: true } },
    answer: participantAnswers.pictureCheck,
    read: async ({ req, scope }) => ({ fields: {}, files: { image: await readRawBody(req, { scope, maxBytes: MAX_IMAGE_BYTES }) } }),
    async run({ ctx, path: { examId } }, _fields, { files }) {
      if (!files.image) throw invalidField('image', 'is required');
      return checkPicture(ctx, examId, files.image);
    },
    present: (_call, checked) => checked,
  }),
  post({
    path: '/exams/:examId/echo',
    summary: 'Sends a short recording back, once it arrived as one that can be used. It is not kept.',
    ...own,
    accepts: RECORDINGS,
    files: { recording: { description: 'The recording.', mediaTypes: RECORDINGS, required: true } },
    answer: file,
    read: async ({ req, scope }) => ({ fields: {}, files: { recording: await readRawBody(req, { scope, maxBytes: MAX_ECHO_BYTES }) } }),
    async run({ ctx, path: { examId } }, _fields, { files: { recording } }) {
      if (!recording) throw invalidField('recording', 'is required');
      if (recording.size > MAX_ECHO_BYTES) throw fileTooLarge('recording', MAX_ECHO_BYTES);
      return checkRecording(ctx, examId, recording);
    },
    /** From storage, where the recordings of the exam will be. */
    present({ ctx, res }, { file: stored, format }) {
      res.writeHead(200, { 'content-type': `video/${format}`, 'content-length': stored.size, 'cache-control': 'no-store' });
      return pipeline(ctx.storage.read(stored), res);
    },
  }),
];
