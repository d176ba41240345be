import { invalidField } from '../src/errors.ts';
import { readRawBody } from '../src/http/bodies/raw-body.ts';
import { finishRecording, prepareChunk, requireRecorder, startRecording, storeChunk } from '../src/resolvers/live-recordings.ts';
import { NO_BODY, readJsonBody } from './bodies.ts';
import { presentRecording } from './present.ts';
import type { Route } from './router.ts';

const indexOf = (text = '') => (/^\d+$/.test(text) ? Number(text) : text);

/** Upper case, as the resolvers take it. */
function withType(body: unknown): unknown {
  const { type } = (body ?? {}) as { type?: unknown };
  return typeof type === 'string' ? { ...(body as object), type: type.toUpperCase() } : body;
}

/** Beyond the document: a recording that is sent in chunks while the exam runs. */
export const liveRecordingRoutes: Route[] = [
  {
    method: 'POST',
    path: '/recordings/live',
    admit: ({ ctx }) => requireRecorder(ctx),
    read: readJsonBody,
    run: async ({ ctx }, { body }) => presentRecording(ctx, await startRecording(ctx, withType(body))),
  },
  {
    method: 'PUT',
    path: '/recordings/:recordingId/chunks/:index',
    admit: ({ ctx, params: { recordingId = '', index } }) => prepareChunk(ctx, recordingId, indexOf(index)),
    async read({ ctx, req, scope }) {
      return { body: null, files: { body: await readRawBody(req, { scope, maxBytes: ctx.config.MAX_RECORDING_BYTES }) } };
    },
    async run({ ctx, params: { recordingId = '', index } }, { files }) {
      if (!files['body']) throw invalidField('body', 'is required');
      return storeChunk(ctx, { recordingId, index: Number(index) }, files['body'], 'body');
    },
  },
  {
    method: 'POST',
    path: '/recordings/:recordingId/finish',
    ...NO_BODY,
    run: async ({ ctx, params: { recordingId = '' } }) => presentRecording(ctx, await finishRecording(ctx, recordingId)),
  },
];
