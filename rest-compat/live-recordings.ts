import { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { readRawBody } from '../src/http/bodies/raw-body.ts';
import { finishRecording, prepareChunk, requireRecorder, startRecording, storeChunk } from '../src/resolvers/live-recordings.ts';
import { chunkIndexInput, uploadRecordingInput } from '../src/services/recordings/input.ts';
import * as answers from './answers.ts';
import { isMultipart, JSON_BODY, NO_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofRecording } from './params.ts';
import { presentRecording } from './present.ts';
import { post, put, type Route } from './route.ts';

const ofChunk = ofRecording.extend({
  index: z
    .string()
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN))
    .pipe(chunkIndexInput.shape.index)
    .meta({ description: 'Position of the chunk, from 0.' }),
});

/** Not in the documented API: a recording that is sent in chunks while the exam runs. */
export const liveRecordingRoutes: Route[] = [
  post({
    path: '/recordings/live',
    summary: 'Starts a recording that is sent in chunks.',
    params: nothing,
    query: nothing,
    body: uploadRecordingInput,
    accepts: JSON_BODY,
    answer: answers.recording,
    admit: ({ ctx }) => requireRecorder(ctx),
    read: readJsonBody,
    run: ({ ctx }, input) => startRecording(ctx, input),
    present: ({ ctx }, recording) => presentRecording(ctx, recording),
  }),
  put({
    path: '/recordings/:recordingId/chunks/:index',
    summary: 'Stores a chunk, exactly as MediaRecorder gave it.',
    params: ofChunk,
    query: nothing,
    body: z.null(),
    accepts: ['application/octet-stream'],
    files: { body: { description: 'The chunk.', mediaTypes: ['application/octet-stream'], required: true } },
    answer: answers.chunk,
    admit: ({ ctx, path: { recordingId, index } }) => prepareChunk(ctx, recordingId, index),
    async read({ ctx, req, scope }) {
      if (isMultipart(req)) throw invalidField('Content-Type', 'must be that of the chunk: it is sent as it is, not in a form');
      return { fields: null, files: { body: await readRawBody(req, { scope, maxBytes: ctx.config.MAX_RECORDING_BYTES }) } };
    },
    async run({ ctx, path }, _fields, { files: { body } }) {
      if (!body) throw invalidField('body', 'is required');
      return storeChunk(ctx, path, body, 'body');
    },
    present: (_call, chunk) => chunk,
  }),
  post({
    path: '/recordings/:recordingId/finish',
    summary: 'Ends a live recording.',
    params: ofRecording,
    query: nothing,
    answer: answers.recording,
    ...NO_BODY,
    run: ({ ctx, path: { recordingId } }) => finishRecording(ctx, recordingId),
    present: ({ ctx }, recording) => presentRecording(ctx, recording),
  }),
];
