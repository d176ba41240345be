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
    },
    extensions: { admitUpload: ((ctx, { recordingId, index }) => prepareChunk(ctx, String(recordingId), index)) satisfies AdmitUpload },
    description:
      'Stores one chunk: send the output of MediaRecorder unchanged. The same chunk may be sent again; different bytes at the same index are a CONFLICT, as is a chunk after the end. Not for proctors. Emits no event.',
    resolve: async (_root, { recordingId, index, chunk }, ctx) => appendRecordingChunk(ctx, recordingId, index, (await chunk).file),
  }),
  finishRecording: t.field({
    type: Recording,
    authScopes: { viewer: true },
    args: { recordingId: t.arg.id({ required: true, description: RECORDING_ID }) },
    description:
      'Ends a live recording: it accepts no more chunks, and those received are joined in the background. `live` becomes false when that is done, and RecordingChanged is emitted. For everybody who sees the recording; a repeat changes nothing.',
    resolve: (_root, { recordingId }, ctx) => finishRecording(ctx, recordingId),
  }),
}));
