import { AppError, invalidField } from '../src/errors.ts';
import { findDownload, prepareUpload, readRecording, retryAnalysis, uploadRecording } from '../src/resolvers/recordings.ts';
import { sendFile } from '../src/downloads.ts';
import { readMultipart } from '../src/uploads/multipart.ts';
import { isMultipart } from './bodies.ts';
import { presentRecording } from './present.ts';
import type { Route } from './router.ts';

const MAX_FIELD_BYTES = 4_096;
const MAX_FIELDS = 32;

export const recordingRoutes: Route[] = [
  {
    method: 'POST',
    path: '/recordings',
    async read({ req, scope, ctx }) {
      if (!isMultipart(req)) throw new AppError('invalid_request', 'Content-Type must be multipart/form-data');
      const { fields, files } = await readMultipart(req, {
        scope,
        files: { file: { maxBytes: ctx.config.MAX_RECORDING_BYTES } },
        maxFieldBytes: MAX_FIELD_BYTES,
        maxFields: MAX_FIELDS,
      });
      const { examId, userId, type } = fields;
      return { body: { examId, userId, type: type?.toUpperCase() }, files };
    },
    async run({ ctx }, { body, files: { file } }) {
      await prepareUpload(ctx, body);
      if (!file) throw invalidField('file', 'is required');
      return presentRecording(ctx, await uploadRecording(ctx, body, file));
    },
  },
  {
    method: 'GET',
    path: '/recordings/:recordingId',
    answer: async ({ ctx, params: { recordingId = '' } }) => presentRecording(ctx, await readRecording(ctx, recordingId)),
  },
  {
    // Beyond the document.
    method: 'POST',
    path: '/recordings/:recordingId/retry',
    read: async () => ({ body: null, files: {} }),
    run: async ({ ctx, params: { recordingId = '' } }) => presentRecording(ctx, await retryAnalysis(ctx, recordingId)),
  },
  {
    method: 'GET',
    path: '/recordings/:recordingId/download',
    open: true,
    async answer({ ctx, req, res, params: { recordingId = '' }, query }) {
      const recording = await findDownload(ctx, recordingId, query.get('sig'));
      await sendFile(req, res, {
        storage: ctx.storage,
        key: recording.storageKey,
        size: Number(recording.size),
        etag: recording.sha256,
        contentType: `video/${recording.format}`,
        lastModified: recording.createdAt,
        filename: `${recording.id}.${recording.format}`,
      });
    },
  },
];
