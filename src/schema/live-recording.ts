import { appendRecordingChunk, finishRecording, prepareChunk, startRecording } from '../resolvers/live-recordings.ts';
import type { ReceivedChunk } from '../services/recordings/live/receive.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { Recording, RecordingTypeEnum } from './recording.ts';

const RecordingChunk = builder.objectRef<ReceivedChunk>('RecordingChunk').implement({
  description: 'A chunk of a live recording that is stored durably.',
  fields: (t) => ({
    recordingId: t.exposeID('recordingId'),
    index: t.exposeInt('index'),
    size: t.expose('size', { type: 'SafeInt', description: 'Bytes.' }),
    sha256: t.exposeString('sha256'),
  }),
});

const StartRecordingInput = builder.inputType('StartRecordingInput', {
  fields: (t) => ({
    examId: t.id({ required: true }),
    userId: t.id({ required: true }),
    type: t.field({ type: RecordingTypeEnum, required: true }),
  }),
});

builder.mutationFields((t) => ({
  startRecording: t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: { input: t.arg({ type: StartRecordingInput, required: true }) },
    description: 'Starts a recording that is sent in chunks during the exam.',
    resolve: (_root, { input }, ctx) => startRecording(ctx, input),
  }),
  appendRecordingChunk: t.field({
    type: RecordingChunk,
    authScopes: { viewer: true },
    args: {
      recordingId: t.arg.id({ required: true }),
      index: t.arg.int({ required: true, description: '0, 1, 2 and so on; chunks may arrive in any order.' }),
      chunk: t.arg({ type: 'Upload', required: true }),
    },
    extensions: { admitUpload: ((ctx, { recordingId, index }) => prepareChunk(ctx, String(recordingId), index)) satisfies AdmitUpload },
    description:
      'Send the output of MediaRecorder unchanged. The same chunk may be sent again; different bytes at the same index are a CONFLICT.',
    resolve: async (_root, { recordingId, index, chunk }, ctx) => appendRecordingChunk(ctx, recordingId, index, (await chunk).file),
  }),
  finishRecording: t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: { recordingId: t.arg.id({ required: true }) },
    description: 'Accepts no more chunks; those received are joined in the background. `live` becomes false when that is done.',
    resolve: (_root, { recordingId }, ctx) => finishRecording(ctx, recordingId),
  }),
}));
