import type { Context } from '../src/context.ts';
import { invalidField, notFound } from '../src/errors.ts';
import type { Recording } from '../src/generated/prisma/client.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { sendFile, type StoredFile } from '../src/http/send-file.ts';
import { requireSender } from '../src/resolvers/policy.ts';
import {
  findDownload,
  findMadeFile,
  mediaTypeOf,
  prepareUpload,
  readRecording,
  retryAnalysis,
  storeUpload,
  type Upload,
} from '../src/resolvers/recordings.ts';
import { findWarningFrame } from '../src/resolvers/warning-frames.ts';
import { uploadRecordingInput } from '../src/services/recordings/input.ts';
import { parseInput } from '../src/validation.ts';
import { file } from './answers/parts.ts';
import * as answers from './answers/recordings.ts';
import { FORM, isMultipart, NO_BODY, video } from './bodies.ts';
import { nothing, ofRecording, ofWarning, signed } from './params.ts';
import { presentRecording } from './present.ts';
import { type Body, type Call, get, post, type Route } from './route.ts';
import { toStored } from './stored-files.ts';

const MAX_FIELD_BYTES = 4_096;
const MAX_FIELDS = 32;

const JPEG = 'image/jpeg';

const original = (ctx: Context, recording: Recording): StoredFile => ({
  storage: ctx.storage,
  key: recording.storageKey,
  size: Number(recording.size),
  etag: recording.sha256,
  contentType: `video/${recording.format}`,
  lastModified: recording.createdAt,
  filename: `${recording.id}.${recording.format}`,
});

/** A route for a picture made from a recording. */
const picture = (what: 'poster' | 'thumbnails', summary: string): Route =>
  get({
    path: `/recordings/:recordingId/${what}`,
    summary,
    params: ofRecording,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, req, res, path: { recordingId }, query: { sig } }) {
      await findDownload(ctx, recordingId, what, sig);
      const made = await findMadeFile(ctx, recordingId, what);
      if (!made) throw notFound('Picture of this recording');
      await sendFile(req, res, { ...toStored(ctx, made, JPEG), disposition: 'inline' });
    },
  });

interface Received extends Body<'file'> {
  /** Null if fields came after the file. */
  upload: Upload | null;
}

async function readUpload({ req, scope, ctx }: Call): Promise<Received> {
  if (!isMultipart(req)) throw invalidField('Content-Type', 'must be multipart/form-data');
  let upload: Upload | null = null;
  const { fields, files } = await readMultipart(req, {
    scope,
    files: { file: { maxBytes: ctx.config.MAX_RECORDING_BYTES } },
    textFields: ['examId', 'userId', 'type'],
    maxFieldBytes: MAX_FIELD_BYTES,
    maxFields: MAX_FIELDS,
    async admit(fields) {
      // Final: a field that is given twice is refused.
      if (fields['examId'] && fields['userId'] && fields['type']) upload = await prepareUpload(ctx, fields);
    },
  });
  // Checked here, because the order, the case and unknown fields must not make a repeat another request.
  return { fields: parseInput(uploadRecordingInput, fields), files, upload };
}

export const recordingRoutes: Route[] = [
  post({
    path: '/recordings',
    summary: 'Stores a recording.',
    params: nothing,
    query: nothing,
    body: uploadRecordingInput,
    accepts: FORM,
    files: { file: video('The recording, WebM or MP4.', { required: true }) },
    answer: answers.recording,
    // The rest is checked later, because the user is named in the body.
    admit: ({ ctx }) => requireSender(ctx),
    read: readUpload,
    run: async ({ ctx }, input, { files: { file }, upload }) => storeUpload(ctx, upload ?? (await prepareUpload(ctx, input)), file),
    present: ({ ctx }, recording) => presentRecording(ctx, recording),
  }),
  get({
    path: '/recordings/:recordingId',
    summary: 'Returns a recording with its analysis.',
    params: ofRecording,
    query: nothing,
    answer: answers.recording,
    run: async ({ ctx, path: { recordingId } }) => presentRecording(ctx, await readRecording(ctx, recordingId)),
  }),
  // Not in the documented API.
  post({
    path: '/recordings/:recordingId/retry',
    summary: 'Runs a failed analysis again.',
    params: ofRecording,
    query: nothing,
    answer: answers.recording,
    ...NO_BODY,
    run: ({ ctx, path: { recordingId } }) => retryAnalysis(ctx, recordingId),
    present: ({ ctx }, recording) => presentRecording(ctx, recording),
  }),
  get({
    path: '/recordings/:recordingId/download',
    summary: 'Sends the file as it was received.',
    params: ofRecording,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, req, res, path: { recordingId }, query: { sig } }) {
      await sendFile(req, res, original(ctx, await findDownload(ctx, recordingId, 'download', sig)));
    },
  }),
  // This and all below are not in the documented API: they are for playback in a browser.
  get({
    path: '/recordings/:recordingId/playback',
    summary: 'Sends a file in which a browser can seek; the one that was received until it is ready.',
    params: ofRecording,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, req, res, path: { recordingId }, query: { sig } }) {
      const recording = await findDownload(ctx, recordingId, 'playback', sig);
      const made = await findMadeFile(ctx, recordingId, 'playback');
      const file = made ? toStored(ctx, made, mediaTypeOf(made)) : original(ctx, recording);
      await sendFile(req, res, { ...file, disposition: 'inline' });
    },
  }),
  picture('poster', 'Sends a picture of the recording.'),
  picture('thumbnails', 'Sends one picture per minute, in one JPEG.'),
  get({
    path: '/warnings/:warningId/frame',
    summary: 'Sends the picture at a warning.',
    params: ofWarning,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, req, res, path: { warningId }, query: { sig } }) {
      const frame = await findWarningFrame(ctx, warningId, sig);
      await sendFile(req, res, { ...toStored(ctx, frame, JPEG), disposition: 'inline' });
    },
  }),
];
