import { appendRecordingChunk, finishRecording, prepareChunk, startRecording } from '../resolvers/live-recordings.ts';
import type { ReceivedChunk } from '../services/recordings/live/receive.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { EXAM_ID, RECORDING_ID, USER_ID } from './descriptions.ts';
import { Recording, RecordingTypeEnum } from './recording.ts';

const RecordingChunk = builder.objectRef<ReceivedChunk>('RecordingChunk').implement({
  description: 'A chunk of a live recording that is stored durably.',
  fields: (t) => ({
    recordingId: t.exposeID('recordingId', { description: RECORDING_ID }),
    index: t.exposeInt('index', { description: 'Position of the chunk, from 0.' }),
    size: t.expose('size', { type: 'SafeInt', description: 'Bytes.' }),
    sha256: t.exposeString('sha256', { description: 'Hash of its bytes, hexadecimal: compare it to be sure that they arrived unchanged.' }),
  }),
});

const StartRecordingInput = builder.inputType('StartRecordingInput', {
  description: 'A live recording to begin.',
  fields: (t) => ({
    examId: t.id({ required: true, description: EXAM_ID }),
    userId: t.id({ required: true, description: `${USER_ID} A participant can only name itself.` }),
    type: t.field({ type: RecordingTypeEnum, required: true, description: 'What the recording shows.' }),
  }),
});

builder.mutationFields((t) => ({
  startRecording: t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: { input: t.arg({ type: StartRecordingInput, required: true }) },
    description:
      'Starts a recording that is sent in chunks during the exam. Not for proctors. Emits RecordingChanged; a user who is new to the exam is invited. CONFLICT if the exam is over or the participant has left it.',
    resolve: (_root, { input }, ctx) => startRecording(ctx, input),
  }),
  appendRecordingChunk: t.field({
    type: RecordingChunk,
    authScopes: { viewer: true },
    args: {
      recordingId: t.arg.id({ required: true, description: RECORDING_ID }),
      index: t.arg.int({ required: true, description: '0, 1, 2 and so on; chunks may arrive in any order.' }),
      chunk: t.arg({ type: 'Upload', required: true, description: 'The bytes, as MediaRecorder gave them.' }),
      startedAt: t.arg({ type: 'DateTime', description: "When its recording began, by the candidate's clock." }),
      durationMs: t.arg.int({ description: 'How long it lasts, in milliseconds.' }),
    },
    extensions: {
      admitUpload: ((ctx, { recordingId, chunk: _bytes, ...about }) => prepareChunk(ctx, String(recordingId), about)) satisfies AdmitUpload,
    },
    description:
      'Stores one chunk: send the output of MediaRecorder unchanged. The same chunk may be sent again; different bytes at the same index are a CONFLICT. Chunks of a recording that was begun in time are taken until LIVE_RECORDING_LATE_SECONDS (a day) after the end of the exam; a CONFLICT once the recording has ended, all announced chunks have come, or the exam was cancelled. Not for proctors. Emits no event.',
    resolve: async (_root, { recordingId, chunk, ...about }, ctx) => appendRecordingChunk(ctx, recordingId, about, (await chunk).file),
  }),
  finishRecording: t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: {
      recordingId: t.arg.id({ required: true, description: RECORDING_ID }),
      chunks: t.arg.int({ description: 'How many chunks there are, by whoever sends them: their indexes are below it.' }),
    },
    description:
      'Ends a live recording: the chunks received are joined in the background. `live` becomes false when that is done, and RecordingChanged is emitted. With `chunks`, it ends when all have come, and stays open for the missing ones until then. Without, it ends now. For everybody who sees the recording, `chunks` not for proctors; a repeat changes nothing. CONFLICT for another number than before.',
    resolve: (_root, { recordingId, ...input }, ctx) => finishRecording(ctx, recordingId, input),
  }),
}));
