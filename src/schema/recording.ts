import type { Recording as RecordingRow } from '../generated/prisma/client.ts';
import { RecordingStatus, RecordingType } from '../generated/prisma/enums.ts';
import {
  findRecording,
  posterUrlOf,
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
      talking: t.exposeFloat('talking', { nullable: true, description: 'Null if the recording has no sound.' }),
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
      description: 'Types for which an accommodation suppressed the warnings; segments and fractions still include them.',
    }),
    sampledFrames: t.exposeInt('sampledFrames'),
    detector: t.exposeString('detector', { description: 'Name and version of the detector.' }),
    segments: t.relation('segments', { query: { orderBy: { ordinal: 'asc' } }, description: 'When each activity was seen.' }),
  }),
});

const Thumbnails = builder.objectRef<RecordingThumbnails>('RecordingThumbnails').implement({
  description: 'Thumbnails of a recording in one JPEG, row by row from the top left.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Signed link that expires.' }),
    everySeconds: t.exposeInt('everySeconds'),
    count: t.exposeInt('count'),
    columns: t.exposeInt('columns'),
    rows: t.exposeInt('rows'),
    width: t.exposeInt('width', { description: 'Width of one picture in pixels.' }),
  }),
});

// No `select` on fields of the row itself, for the reason given at Warning.
export const Recording = builder.prismaObject('Recording', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    examId: t.exposeID('examId'),
    userId: t.exposeID('userId'),
    type: t.expose('type', { type: RecordingTypeEnum }),
    status: t.expose('status', { type: RecordingStatusEnum }),
    duration: t.exposeFloat('duration', { nullable: true, description: 'Seconds, measured from the media.' }),
    size: t.field({ type: 'SafeInt', description: 'Bytes.', resolve: ({ size }) => Number(size) }),
    format: t.exposeString('format'),
    sha256: t.string({ nullable: true, description: 'Hash of the file as received.', resolve: ({ sha256 }) => sha256 || null }),
    live: t.exposeBoolean('live', { description: 'True while chunks are received or being joined.' }),
    nextChunk: t.int({
      nullable: true,
      description: 'For a live recording: the index at which a reloaded page continues.',
      resolve: ({ live, nextChunk }) => (live ? nextChunk : null),
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'What is missing from the recording, or how it was put together, if there is anything to know.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    url: t.string({
      description: 'Signed link that expires.',
      resolve: ({ id }, _args, ctx) => signedDownloadUrl(ctx, id),
    }),
    playbackUrl: t.string({
      description: 'Signed link for playback in a browser; expires. Gives the file as received until the playback version is ready.',
      resolve: ({ id }, _args, ctx) => signedMadeUrl(ctx, id, 'playback'),
    }),
    posterUrl: t.string({
      nullable: true,
      description: 'Signed link to a JPEG of the recording; expires. Null until it is ready, or if none can be made.',
      resolve: (recording, _args, ctx) => posterUrlOf(ctx, recording),
    }),
    thumbnails: t.field({
      type: Thumbnails,
      nullable: true,
      description: 'Null until they are ready, or if none can be made.',
      resolve: (recording, _args, ctx) => thumbnailsOf(ctx, recording),
    }),
    error: t.exposeString('error', { nullable: true }),
    analysis: t.relation('analysis', { nullable: true }),
  }),
});

const RecordingProgress = builder.objectRef<RecordingRow>('RecordingProgress').implement({
  fields: (t) => ({
    recording: t.field({ type: Recording, resolve: (recording) => recording }),
    fraction: t.exposeFloat('progress', { description: '0..1, for the whole analysis.' }),
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
    description: 'Repeats a failed analysis; CONFLICT unless the status is FAILED.',
    args: { recordingId: t.arg.id({ required: true }) },
    resolve: (_root, { recordingId }, ctx) => retryAnalysis(ctx, recordingId),
  }),
);

builder.subscriptionField('recordingProgress', (t) =>
  t.field({
    type: RecordingProgress,
    authScopes: { viewer: true },
    description: 'The progress now and after each change; completes when the analysis ends.',
    args: { recordingId: t.arg.id({ required: true }) },
    subscribe: (_root, { recordingId }, ctx) => watchRecording(ctx, recordingId),
    resolve: (recording) => recording,
  }),
);
