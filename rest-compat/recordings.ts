import type { Context } from '../src/context.ts';
import { AppError, invalidField, notFound } from '../src/errors.ts';
import type { Recording, RecordingFile } from '../src/generated/prisma/client.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { sendFile, type StoredFile } from '../src/http/send-file.ts';
import { requireSender } from '../src/resolvers/policy.ts';
import { findDownload, findMadeFile, prepareUpload, readRecording, retryAnalysis, uploadRecording } from '../src/resolvers/recordings.ts';
import { findWarningFrame } from '../src/resolvers/warning-frames.ts';
import { isMultipart, NO_BODY } from './bodies.ts';
import { presentRecording } from './present.ts';
import type { Route } from './router.ts';

const MAX_FIELD_BYTES = 4_096;
const MAX_FIELDS = 32;

const JPEG = 'image/jpeg';

type NamedFile = Pick<RecordingFile, 'storageKey' | 'size' | 'sha256' | 'createdAt'>;

const original = (ctx: Context, recording: Recording): StoredFile => ({
  storage: ctx.storage,
  key: recording.storageKey,
  size: Number(recording.size),
  etag: recording.sha256,
  contentType: `video/${recording.format}`,
  lastModified: recording.createdAt,
  filename: `${recording.id}.${recording.format}`,
});

const toStored = (ctx: Context, { storageKey, size, sha256, createdAt }: NamedFile, contentType: string): StoredFile => ({
  storage: ctx.storage,
  key: storageKey,
  size: Number(size),
  etag: sha256,
  contentType,
  lastModified: createdAt,
  filename: storageKey,
});

const readInput = ({ examId, userId, type }: Record<string, string>) => ({ examId, userId, type: type?.toUpperCase() });

/** A picture that was made of a recording. */
const picture = (what: 'poster' | 'thumbnails'): Route => ({
  method: 'GET',
  path: `/recordings/:recordingId/${what}`,
  open: true,
  async answer({ ctx, req, res, params: { recordingId = '' }, query }) {
    await findDownload(ctx, recordingId, query.get('sig'));
    const made = await findMadeFile(ctx, recordingId, what);
    if (!made) throw notFound('Picture of this recording');
    await sendFile(req, res, { ...toStored(ctx, made, JPEG), disposition: 'inline' });
  },
});

export const recordingRoutes: Route[] = [
  {
    method: 'POST',
    path: '/recordings',
    // Whose recording it is stands in the body.
    admit: ({ ctx }) => requireSender(ctx),
    async read({ req, scope, ctx }) {
      if (!isMultipart(req)) throw new AppError('invalid_request', 'Content-Type must be multipart/form-data');
      const { fields, files } = await readMultipart(req, {
        scope,
        files: { file: { maxBytes: ctx.config.MAX_RECORDING_BYTES } },
        maxFieldBytes: MAX_FIELD_BYTES,
        maxFields: MAX_FIELDS,
        async admit(fields) {
          // Those that come behind the file are looked at behind it.
          if (fields['examId'] && fields['userId'] && fields['type']) await prepareUpload(ctx, readInput(fields));
        },
      });
      return { body: readInput(fields), files };
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
    ...NO_BODY,
    run: async ({ ctx, params: { recordingId = '' } }) => presentRecording(ctx, await retryAnalysis(ctx, recordingId)),
  },
  {
    method: 'GET',
    path: '/recordings/:recordingId/download',
    open: true,
    async answer({ ctx, req, res, params: { recordingId = '' }, query }) {
      const recording = await findDownload(ctx, recordingId, query.get('sig'));
      await sendFile(req, res, original(ctx, recording));
    },
  },
  {
    // Beyond the document, as all below: to be played in a browser.
    method: 'GET',
    path: '/recordings/:recordingId/playback',
    open: true,
    async answer({ ctx, req, res, params: { recordingId = '' }, query }) {
      const recording = await findDownload(ctx, recordingId, query.get('sig'));
      const made = await findMadeFile(ctx, recordingId, 'playback');
      const file = made ? toStored(ctx, made, `video/${recording.format}`) : original(ctx, recording);
      await sendFile(req, res, { ...file, disposition: 'inline' });
    },
  },
  picture('poster'),
  picture('thumbnails'),
  {
    method: 'GET',
    path: '/warnings/:warningId/frame',
    open: true,
    async answer({ ctx, req, res, params: { warningId = '' }, query }) {
      const frame = await findWarningFrame(ctx, warningId, query.get('sig'));
      await sendFile(req, res, { ...toStored(ctx, frame, JPEG), disposition: 'inline' });
    },
  },
];
