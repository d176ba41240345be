import { invalidField } from '../src/errors.ts';
import { finishRecording, prepareChunk, startRecording, storeChunk } from '../src/resolvers/live-recordings.ts';
import { readRawBody } from '../src/uploads/raw-body.ts';
import { readJsonBody } from './bodies.ts';
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
    read: readJsonBody,
    run: async ({ ctx }, { body }) => presentRecording(ctx, await startRecording(ctx, withType(body))),
  },
  {
    method: 'PUT',
    path: '/recordings/:recordingId/chunks/:index',
    async read({ ctx, req, scope, params: { recordingId = '', index } }) {
      const chunk = await prepareChunk(ctx, recordingId, indexOf(index));
      return { body: chunk, files: { body: await readRawBody(req, { scope, maxBytes: ctx.config.MAX_RECORDING_BYTES }) } };
    },
    async run({ ctx }, { body, files }) {
      if (!files['body']) throw invalidField('body', 'is required');
      return storeChunk(ctx, body as Awaited<ReturnType<typeof prepareChunk>>, files['body'], 'body');
    },
  },
  {
    method: 'POST',
    path: '/recordings/:recordingId/finish',
    // Nothing is asked for, so that a beacon may send whatever it must.
    read: async () => ({ body: null, files: {} }),
    run: async ({ ctx, params: { recordingId = '' } }) => presentRecording(ctx, await finishRecording(ctx, recordingId)),
  },
];
