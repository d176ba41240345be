import type { Recording as RecordingRow } from '../generated/prisma/client.ts';
import { RecordingStatus, RecordingType } from '../generated/prisma/enums.ts';
import { whereShown } from '../resolvers/candidate-view.ts';
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
import { type AdmitUpload, builder, type Described } from './builder.ts';
import { EXAM_ID, RECORDING_ID, SIGNED, USER_ID } from './descriptions.ts';
import { Node } from './node.ts';

export const RecordingTypeEnum = builder.enumType(RecordingType, {
  name: 'RecordingType',
  description: 'What a recording shows.',
  values: {
    WEBCAM: { description: 'The camera of the participant, mostly with sound.' },
    SCREEN: {
      description:
        'The screen of the participant. It is checked for idle, blank and black times, and for whether it shows what the exam page reports.',
    },
  } satisfies Described<RecordingType>,
});
const RecordingStatusEnum = builder.enumType(RecordingStatus, {
  name: 'RecordingStatus',
  description: 'How far the analysis of a recording is.',
  values: {
    UPLOADED: { description: 'Stored, or still being received (`live`), and not analysed yet. Stays so if AI detection is off.' },
    PROCESSING: { description: 'A worker analyses it.' },
    PROCESSED: { description: 'The analysis is stored. Its warnings are in the log before this change.' },
    FAILED: { description: 'The analysis failed, or nothing of a live recording can be played: `error` says why. See `retryAnalysis`.' },
  } satisfies Described<RecordingStatus>,
});

const FaceDetectionAnalysis = builder
  .objectRef<{ facePresent: number; multipleFaces: number; noFace: number }>('FaceDetectionAnalysis')
  .implement({
    description: 'Fractions of the sampled frames: exactly one face, several, none. They add up to 1.',
    fields: (t) => ({
      facePresent: t.exposeFloat('facePresent', { description: 'With exactly one face, covered ones included, 0..1.' }),
      multipleFaces: t.exposeFloat('multipleFaces', {
        description: 'With more than one face, 0..1; faces in pictures on the wall do not count.',
      }),
      noFace: t.exposeFloat('noFace', { description: 'Without a face, 0..1; also black pictures.' }),
    }),
  });

const SuspiciousActivityAnalysis = builder
  .objectRef<{ phoneUsage: number; lookingAway: number; talking: number | null }>('SuspiciousActivityAnalysis')
  .implement({
    description: 'Fractions of the sampled time.',
    fields: (t) => ({
      phoneUsage: t.exposeFloat('phoneUsage', { description: 'With a phone in view, 0..1.' }),
      lookingAway: t.exposeFloat('lookingAway', { description: 'Looking away from the screen, 0..1.' }),
      talking: t.exposeFloat('talking', { nullable: true, description: 'With speech, 0..1; null if the recording has no sound.' }),
    }),
  });

const ScreenAnalysis = builder.objectRef<{ idle: number; blank: number }>('ScreenAnalysis').implement({
  description: 'Fractions of the time of a screen recording.',
  fields: (t) => ({
    idle: t.exposeFloat('idle', { description: 'In which nothing on the screen changed, 0..1.' }),
    blank: t.exposeFloat('blank', { description: 'In which the screen had nearly one colour, black included, 0..1.' }),
  }),
});

builder.prismaObject('AnalysisSegment', {
  description: 'A stretch of a recording with one finding, whether or not it raised a warning.',
  fields: (t) => ({
    type: t.exposeString('type', {
      description:
        'What was seen: `face_present`, `screen_idle`, `screen_blank` (one colour, but not black), or a type of warning of the analysis such as `no_face` or `talking`.',
    }),
    startSeconds: t.exposeFloat('startSeconds', { description: 'Start, in seconds from the start of the recording.' }),
    endSeconds: t.exposeFloat('endSeconds', { description: 'End, in seconds from the start of the recording.' }),
    confidence: t.exposeFloat('confidence', {
      description: 'Score of the detector, 0..1, mean over the stretch. Neither a probability nor comparable between types.',
    }),
  }),
});

const RecordingAnalysis = builder.prismaObject('Analysis', {
  name: 'RecordingAnalysis',
  description: 'What the analysis found in a recording. Findings, not judgements: a person decides.',
  fields: (t) => ({
    faceDetection: t.field({
      type: FaceDetectionAnalysis,
      nullable: true,
      description: 'How many faces were in the picture; null for a screen recording.',
      select: { facePresent: true, multipleFaces: true, noFace: true },
      resolve: ({ facePresent, multipleFaces, noFace }) =>
        facePresent === null || multipleFaces === null || noFace === null ? null : { facePresent, multipleFaces, noFace },
    }),
    suspiciousActivity: t.field({
      type: SuspiciousActivityAnalysis,
      nullable: true,
      description: 'How often a phone, a look away and speech were noticed; null for a screen recording.',
      select: { phoneUsage: true, lookingAway: true, talking: true },
      resolve: ({ phoneUsage, lookingAway, talking }) =>
        phoneUsage === null || lookingAway === null ? null : { phoneUsage, lookingAway, talking },
    }),
    screen: t.field({
      type: ScreenAnalysis,
      nullable: true,
      description: 'How long the screen stood still or was empty; null for a webcam recording.',
      select: { screenIdle: true, screenBlank: true },
      resolve: ({ screenIdle: idle, screenBlank: blank }) => (idle === null || blank === null ? null : { idle, blank }),
    }),
    suppressed: t.exposeStringList('suppressed', {
      description: 'Types for which an accommodation suppressed the warnings; segments and fractions still include them.',
    }),
    sampledFrames: t.exposeInt('sampledFrames', { description: 'Number of frames that were looked at, about one per second.' }),
    detector: t.exposeString('detector', { description: 'Names and versions of what looked and listened.' }),
    segments: t.relation('segments', {
      query: { orderBy: { ordinal: 'asc' } },
      description: 'When each thing was seen, by type and then by time.',
    }),
  }),
});

const Thumbnails = builder.objectRef<RecordingThumbnails>('RecordingThumbnails').implement({
  description: 'Thumbnails of a recording in one JPEG, row by row from the top left, all of the same size.',
  fields: (t) => ({
    url: t.exposeString('url', { description: `Signed link to the JPEG. ${SIGNED}` }),
    everySeconds: t.exposeInt('everySeconds', { description: 'Seconds of the recording from one picture to the next.' }),
    count: t.exposeInt('count', { description: 'Number of pictures; the rest of the last row is empty.' }),
    columns: t.exposeInt('columns', { description: 'Pictures per row.' }),
    rows: t.exposeInt('rows', { description: 'Number of rows: the height of one picture is the height of the JPEG divided by it.' }),
    width: t.exposeInt('width', { description: 'Width of one picture in pixels.' }),
  }),
});

// No `select` on fields of the row itself, for the reason given at Warning.
export const Recording = builder.prismaObject('Recording', {
  interfaces: [Node],
  description: 'A video of a webcam or a screen, kept exactly as it was received: it is the evidence.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `rec_`.' }),
    examId: t.exposeID('examId', { description: EXAM_ID }),
    userId: t.exposeID('userId', { description: `${USER_ID} Whose recording it is.` }),
    type: t.expose('type', { type: RecordingTypeEnum, description: 'What the recording shows.' }),
    status: t.expose('status', { type: RecordingStatusEnum, description: 'How far the analysis is.' }),
    duration: t.exposeFloat('duration', {
      nullable: true,
      description: 'Seconds, measured from the media. Null while `live`, and if nothing of it can be played.',
    }),
    size: t.field({ type: 'SafeInt', description: 'Bytes; while `live`, those received so far.', resolve: ({ size }) => Number(size) }),
    format: t.exposeString('format', {
      description:
        'Container by its content, `webm` (also Matroska) or `mp4`, whatever the file was called. While `live` it is not known yet.',
    }),
    sha256: t.string({
      nullable: true,
      description: 'Hash of the file as received, hexadecimal. Null while `live`, and if nothing of it can be played.',
      resolve: ({ sha256 }) => sha256 || null,
    }),
    live: t.exposeBoolean('live', {
      description:
        'True until its chunks are joined. Chunks may still come then: those received before are joined when none came for a while, and again with the late ones.',
    }),
    nextChunk: t.int({
      nullable: true,
      description: 'The index at which a reloaded page continues; null if no chunk is accepted any more.',
      resolve: ({ closed, nextChunk }) => (closed ? null : nextChunk),
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'What is missing from the recording, or how it was put together, if there is anything to know.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: "When it was stored, or begun if it is sent in chunks, by the server's clock.",
    }),
    url: t.string({
      description: `Signed link to the file exactly as received; an error while \`live\`. ${SIGNED}`,
      resolve: ({ id }, _args, ctx) => signedDownloadUrl(ctx, id),
    }),
    playbackUrl: t.string({
      description: `Signed link for playback in a browser; gives the file as received until the playback version is ready, and an error while \`live\`. ${SIGNED}`,
      resolve: ({ id }, _args, ctx) => signedMadeUrl(ctx, id, 'playback'),
    }),
    posterUrl: t.string({
      nullable: true,
      description: `Signed link to a JPEG of the recording. Null until it is ready, or if none can be made. ${SIGNED}`,
      resolve: (recording, _args, ctx) => posterUrlOf(ctx, recording),
    }),
    thumbnails: t.field({
      type: Thumbnails,
      nullable: true,
      description: 'Small pictures along the recording. Null until they are ready, or if none can be made.',
      resolve: (recording, _args, ctx) => thumbnailsOf(ctx, recording),
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the status is FAILED, in words for people; null otherwise.' }),
    analysis: t.field({
      type: RecordingAnalysis,
      nullable: true,
      select: (_args, _ctx, nested) => ({ analysis: nested({}) }),
      description:
        "What was found; null until the status is PROCESSED. Candidates see that of their own as the exam's `candidateView` says.",
      resolve: (recording, _args, ctx) => whereShown(ctx, recording, recording.analysis, null),
    }),
  }),
});

const RecordingProgress = builder.objectRef<RecordingRow>('RecordingProgress').implement({
  description: 'How far a recording is. Reports may be skipped; the newest one counts.',
  fields: (t) => ({
    recording: t.field({ type: Recording, description: 'The recording in its present state.', resolve: (recording) => recording }),
    fraction: t.exposeFloat('progress', { description: '0..1, for the whole analysis.' }),
    stage: t.exposeString('stage', {
      description:
        'Part of the work: `receiving` and `joining` chunks of a live recording; `queued`; `reading`, `watching` and `listening` while PROCESSING; `done`, `failed`, or `off` if it is not analysed.',
    }),
  }),
});

const UploadRecordingInput = builder.inputType('UploadRecordingInput', {
  description: 'A recording to store.',
  fields: (t) => ({
    examId: t.id({ required: true, description: EXAM_ID }),
    userId: t.id({ required: true, description: `${USER_ID} A participant can only name itself.` }),
    type: t.field({ type: RecordingTypeEnum, required: true, description: 'What the recording shows.' }),
    file: t.field({ type: 'Upload', required: true, description: 'WebM, Matroska or MP4, at most MAX_RECORDING_BYTES (4 GB by default).' }),
  }),
});

builder.queryField('recording', (t) =>
  t.prismaField({
    type: 'Recording',
    nullable: true,
    authScopes: { viewer: true },
    description: 'One recording; null if it does not exist or you may not see it.',
    args: { id: t.arg.id({ required: true, description: RECORDING_ID }) },
    resolve: (query, _root, { id }, ctx) => findRecording(ctx, id, query),
  }),
);

builder.mutationField('uploadRecording', (t) =>
  t.field({
    type: Recording,
    authScopes: { viewer: true },
    description:
      'Stores a recording and queues its analysis. Not for proctors; participants only for themselves. A user who is new to the exam is invited. Emits RecordingChanged. For large files there is a resumable upload (tus).',
    args: { input: t.arg({ type: UploadRecordingInput, required: true }) },
    extensions: { admitUpload: ((ctx, { input }) => prepareUpload(ctx, input)) satisfies AdmitUpload },
    resolve: async (_root, { input: { file, ...input } }, ctx) => uploadRecording(ctx, input, (await file).file),
  }),
);

builder.mutationField('retryAnalysis', (t) =>
  t.field({
    type: Recording,
    authScopes: { staff: true },
    description: 'Repeats a failed analysis. Staff only. Emits RecordingChanged. CONFLICT unless the status is FAILED and there is a file.',
    args: { recordingId: t.arg.id({ required: true, description: RECORDING_ID }) },
    resolve: (_root, { recordingId }, ctx) => retryAnalysis(ctx, recordingId),
  }),
);

builder.subscriptionField('recordingProgress', (t) =>
  t.field({
    type: RecordingProgress,
    authScopes: { viewer: true },
    description:
      'The progress now and after each change; completes when the recording is PROCESSED or FAILED, or stored without analysis. No cursor: to continue, subscribe again.',
    args: { recordingId: t.arg.id({ required: true, description: RECORDING_ID }) },
    subscribe: (_root, { recordingId }, ctx) => watchRecording(ctx, recordingId),
    resolve: (recording) => recording,
  }),
);
