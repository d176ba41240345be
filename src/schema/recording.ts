import type { Recording as RecordingRow } from '../generated/prisma/client.ts';
import { RecordingStatus, RecordingType } from '../generated/prisma/enums.ts';
import {
  findRecording,
  prepareUpload,
  retryAnalysis,
  type RecordingThumbnails,
  signedDownloadUrl,
  signedMadeUrl,
  thumbnailsOf,
  uploadRecording,
  watchRecording,
} from '../resolvers/recordings.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { Node } from './node.ts';

export const RecordingTypeEnum = builder.enumType(RecordingType, { name: 'RecordingType' });
const RecordingStatusEnum = builder.enumType(RecordingStatus, { name: 'RecordingStatus' });

const FaceDetectionAnalysis = builder
  .objectRef<{ facePresent: number; multipleFaces: number; noFace: number }>('FaceDetectionAnalysis')
  .implement({
    description: 'Fractions of the sampled frames: exactly one face, several, none. They add up to 1.',
    fields: (t) => ({
      facePresent: t.exposeFloat('facePresent'),
      multipleFaces: t.exposeFloat('multipleFaces'),
      noFace: t.exposeFloat('noFace'),
    }),
  });

const SuspiciousActivityAnalysis = builder
  .objectRef<{ phoneUsage: number; lookingAway: number; talking: number | null }>('SuspiciousActivityAnalysis')
  .implement({
    description: 'Fractions of the sampled time.',
    fields: (t) => ({
      phoneUsage: t.exposeFloat('phoneUsage'),
      lookingAway: t.exposeFloat('lookingAway'),
      talking: t.exposeFloat('talking', { nullable: true, description: 'Null without sound.' }),
    }),
  });

const ScreenAnalysis = builder.objectRef<{ idle: number; blank: number }>('ScreenAnalysis').implement({
  fields: (t) => ({ idle: t.exposeFloat('idle'), blank: t.exposeFloat('blank') }),
});

builder.prismaObject('AnalysisSegment', {
  fields: (t) => ({
    type: t.exposeString('type'),
    startSeconds: t.exposeFloat('startSeconds'),
    endSeconds: t.exposeFloat('endSeconds'),
    confidence: t.exposeFloat('confidence'),
  }),
});

builder.prismaObject('Analysis', {
  name: 'RecordingAnalysis',
  fields: (t) => ({
    faceDetection: t.field({
      type: FaceDetectionAnalysis,
      nullable: true,
      select: { facePresent: true, multipleFaces: true, noFace: true },
      resolve: ({ facePresent, multipleFaces, noFace }) =>
        facePresent === null || multipleFaces === null || noFace === null ? null : { facePresent, multipleFaces, noFace },
    }),
    suspiciousActivity: t.field({
      type: SuspiciousActivityAnalysis,
      nullable: true,
      select: { phoneUsage: true, lookingAway: true, talking: true },
      resolve: ({ phoneUsage, lookingAway, talking }) =>
        phoneUsage === null || lookingAway === null ? null : { phoneUsage, lookingAway, talking },
    }),
    screen: t.field({
      type: ScreenAnalysis,
      nullable: true,
      select: { screenIdle: true, screenBlank: true },
      resolve: ({ screenIdle: idle, screenBlank: blank }) => (idle === null || blank === null ? null : { idle, blank }),
    }),
    suppressed: t.exposeStringList('suppressed', {
      description: 'Types of which no warning was raised, as an accommodation; segments and fractions tell of them all the same.',
    }),
    sampledFrames: t.exposeInt('sampledFrames'),
    detector: t.exposeString('detector', { description: 'Name and version of what looked.' }),
    segments: t.relation('segments', { query: { orderBy: { ordinal: 'asc' } }, description: 'When, not only how much.' }),
  }),
});

const Thumbnails = builder.objectRef<RecordingThumbnails>('RecordingThumbnails').implement({
  description: 'Small pictures of a recording in one JPEG, row by row from the top left.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Signed and expiring.' }),
    everySeconds: t.exposeInt('everySeconds'),
    count: t.exposeInt('count'),
    columns: t.exposeInt('columns'),
    rows: t.exposeInt('rows'),
    width: t.exposeInt('width', { description: 'Of one picture, pixels.' }),
  }),
});

// As in Warning, fields of the row itself name no `select`.
export const Recording = builder.prismaObject('Recording', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    examId: t.exposeID('examId'),
    userId: t.exposeID('userId'),
    type: t.expose('type', { type: RecordingTypeEnum }),
    status: t.expose('status', { type: RecordingStatusEnum }),
    duration: t.exposeFloat('duration', { nullable: true, description: 'Seconds, measured.' }),
    size: t.field({ type: 'SafeInt', description: 'Bytes.', resolve: ({ size }) => Number(size) }),
    format: t.exposeString('format'),
    sha256: t.string({ nullable: true, description: 'Of the file as received.', resolve: ({ sha256 }) => sha256 || null }),
    live: t.exposeBoolean('live', { description: 'Whether it is still received, or its chunks are being joined.' }),
    nextChunk: t.int({
      nullable: true,
      description: 'Of a live recording: the index with which a reloaded page goes on.',
      resolve: ({ live, nextChunk }) => (live ? nextChunk : null),
    }),
    note: t.exposeString('note', { nullable: true, description: 'What is missing from it, where something is.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    url: t.string({
      description: 'Signed and expiring.',
      resolve: ({ id }, _args, ctx) => signedDownloadUrl(ctx, id),
    }),
    playbackUrl: t.string({
      description: 'To play in a browser; signed and expiring. The file as it was received until the one for playback is ready.',
      resolve: ({ id }, _args, ctx) => signedMadeUrl(ctx, id, 'playback'),
    }),
    posterUrl: t.string({
      nullable: true,
      description: 'A JPEG of the recording; signed and expiring. Null until it is ready, and where none can be made.',
      resolve: ({ id, playback }, _args, ctx) => (playback === 'ready' ? signedMadeUrl(ctx, id, 'poster') : null),
    }),
    thumbnails: t.field({
      type: Thumbnails,
      nullable: true,
      description: 'Null until they are ready, and where none can be made.',
      resolve: (recording, _args, ctx) => thumbnailsOf(ctx, recording),
    }),
    error: t.exposeString('error', { nullable: true }),
    analysis: t.relation('analysis', { nullable: true }),
  }),
});

const RecordingProgress = builder.objectRef<RecordingRow>('RecordingProgress').implement({
  fields: (t) => ({
    recording: t.field({ type: Recording, resolve: (recording) => recording }),
    fraction: t.exposeFloat('progress', { description: '0..1, of the whole analysis.' }),
    stage: t.exposeString('stage'),
  }),
});

const UploadRecordingInput = builder.inputType('UploadRecordingInput', {
  fields: (t) => ({
    examId: t.id({ required: true }),
    userId: t.id({ required: true }),
    type: t.field({ type: RecordingTypeEnum, required: true }),
    file: t.field({ type: 'Upload', required: true }),
  }),
});

builder.queryField('recording', (t) =>
  t.prismaField({
    type: 'Recording',
    nullable: true,
    authScopes: { viewer: true },
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, { id }, ctx) => findRecording(ctx, id, query),
  }),
);

builder.mutationField('uploadRecording', (t) =>
  t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: { input: t.arg({ type: UploadRecordingInput, required: true }) },
    extensions: { admitUpload: ((ctx, { input }) => prepareUpload(ctx, input)) satisfies AdmitUpload },
    resolve: async (_root, { input: { file, ...input } }, ctx) => uploadRecording(ctx, input, (await file).file),
  }),
);

builder.mutationField('retryAnalysis', (t) =>
  t.field({
    type: Recording,
    authScopes: { staff: true },
    description: 'Has a failed analysis done once more; CONFLICT unless its status is FAILED.',
    args: { recordingId: t.arg.id({ required: true }) },
    resolve: (_root, { recordingId }, ctx) => retryAnalysis(ctx, recordingId),
  }),
);

builder.subscriptionField('recordingProgress', (t) =>
  t.field({
    type: RecordingProgress,
    authScopes: { viewer: true },
    description: 'The analysis now and whenever it moves on; ends with it.',
    args: { recordingId: t.arg.id({ required: true }) },
    subscribe: (_root, { recordingId }, ctx) => watchRecording(ctx, recordingId),
    resolve: (recording) => recording,
  }),
);
