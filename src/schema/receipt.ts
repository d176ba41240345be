import type { Receipt as ReceiptValue, ReceiptRecording as RecordingValue } from '../services/receipts/receipts.ts';
import { builder } from './builder.ts';
import { RECORDING_ID } from './descriptions.ts';
import { RecordingTypeEnum } from './recording.ts';

const ReceiptRecording = builder.objectRef<RecordingValue>('ReceiptRecording').implement({
  description: 'What the server has of one recording.',
  fields: (t) => ({
    id: t.exposeID('id', { description: RECORDING_ID }),
    type: t.expose('type', { type: RecordingTypeEnum, description: 'What it shows.' }),
    bytes: t.expose('bytes', { type: 'SafeInt', description: 'Bytes received.' }),
    sha256: t.exposeString('sha256', {
      description:
        'Hash of the file, hexadecimal. As long as it has not all of its chunks, that of their list instead: a line `index hash` for each, in order.',
    }),
    complete: t.exposeBoolean('complete', { description: 'Whether all of it is there.' }),
  }),
});

const Receipt = builder.objectRef<ReceiptValue>('Receipt').implement({
  description:
    'What the server has received of a participant, signed: verify it with `invigil receipt verify`, or by any library for JWS with the key at `/.well-known/invigil-receipt.json`. A later one may tell of more.',
  fields: (t) => ({
    submissionId: t.exposeID('submissionId', { description: 'Id of the submission.' }),
    warningsReceived: t.exposeInt('warningsReceived', { description: 'Warnings in the submission.' }),
    warningsStored: t.exposeInt('warningsStored', { description: 'Those of them that had not been reported before.' }),
    recordings: t.expose('recordings', { type: [ReceiptRecording], description: 'All recordings of the participant, oldest first.' }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime', description: "When it was issued, by the server's clock." }),
    signature: t.exposeString('signature', { description: 'All of it, signed: a JWS in compact form, Ed25519.' }),
  }),
});

builder.prismaObjectField('Submission', 'receipt', (t) =>
  t.field({
    type: Receipt,
    select: { id: true },
    description: 'What the server has received until now, signed: the proof of whoever handed in.',
    extensions: { cost: { staff: 20, others: 100 } },
    resolve: ({ id }, _args, ctx) => ctx.services.receipts.of(id),
  }),
);
