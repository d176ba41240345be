import { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { readRawBody } from '../src/http/bodies/raw-body.ts';
import { finishRecording, prepareChunk, requireRecorder, startRecording, storeChunk } from '../src/resolvers/live-recordings.ts';
import { chunkInput, finishInput, uploadRecordingInput } from '../src/services/recordings/input.ts';
import * as answers from './answers/recordings.ts';
import { isJson, isMultipart, JSON_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofRecording } from './params.ts';
import { presentRecording } from './present.ts';
import { post, put, type Route } from './route.ts';

const ofChunk = ofRecording.extend({
  index: z
    .string()
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN))
    .pipe(chunkInput.shape.index)
    .meta({ description: 'Position of the chunk, from 0.' }),
});

const recorded = z.object({
  startedAt: chunkInput.shape.startedAt,
  durationMs: z
    .string()
    .transform((text) => (/^-?\d+$/.test(text) ? Number(text) : Number.NaN))
    .pipe(chunkInput.shape.durationMs.unwrap().unwrap())
    .optional()
    .meta({ description: 'How long it lasts, in milliseconds.' }),
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
    query: recorded,
    body: z.null(),
    accepts: ['application/octet-stream'],
    files: { body: { description: 'The chunk.', mediaTypes: ['application/octet-stream'], required: true } },
    answer: answers.chunk,
    admit: ({ ctx, path: { recordingId, index }, query }) => prepareChunk(ctx, recordingId, { index, ...query }),
    async read({ ctx, req, scope }) {
      if (isMultipart(req)) throw invalidField('Content-Type', 'must be that of the chunk: it is sent as it is, not in a form');
      return { fields: null, files: { body: await readRawBody(req, { scope, maxBytes: ctx.config.MAX_RECORDING_BYTES }) } };
    },
    async run({ ctx, path, query: { startedAt = null, durationMs = null } }, _fields, { files: { body } }) {
      if (!body) throw invalidField('body', 'is required');
      return storeChunk(ctx, { ...path, startedAt, durationMs }, body, 'body');
    },
    present: (_call, chunk) => chunk,
  }),
  post({
    path: '/recordings/:recordingId/finish',
    summary: 'Ends a live recording, or says how many chunks it has: then it ends when all have come.',
    params: ofRecording,
    query: nothing,
    body: finishInput,
    accepts: JSON_BODY,
    answer: answers.recording,
    // Its rights depend on the body, which is small.
    admit: () => {},
    // Without a body it has none of the members.
    read: async (call) => (isJson(call.req) ? readJsonBody(call) : { fields: {}, files: {} }),
    run: ({ ctx, path: { recordingId } }, input) => finishRecording(ctx, recordingId, input),
    present: ({ ctx }, recording) => presentRecording(ctx, recording),
  }),
];
