import { z } from 'zod';
import { examId, recordingSize, recordingStatus, recordingType, time, userId } from './parts.ts';

export const submission = z.strictObject({
  id: z.string().meta({ description: 'Id of the submission.' }),
  examId,
  userId,
  status: z.literal('received').meta({ description: 'The submission is stored.' }),
  submittedAt: time.meta({ description: 'When it was stored.' }),
  warnings: z
    .strictObject({
      received: z.number().meta({ description: 'Warnings in the request.' }),
      stored: z.number().meta({ description: 'Those that were not stored before.' }),
    })
    .meta({ description: 'How many warnings came.' }),
  recordings: z
    .array(
      z.strictObject({
        id: z.string().meta({ description: 'Id of the recording.' }),
        type: recordingType,
        size: recordingSize,
        status: recordingStatus,
      }),
    )
    .meta({ description: 'The recordings that belong to the submission.' }),
  ignored: z
    .array(
      z.strictObject({
        field: z.string().meta({ description: 'Name of the field.' }),
        issue: z.string().meta({ description: 'Why it was not stored.' }),
      }),
    )
    .optional()
    .meta({ description: 'What came with the submission but was not stored: recordings without a picture.' }),
});

export const receipt = z.strictObject({
  submissionId: z.string().meta({ description: 'Id of the submission.' }),
  examId,
  userId,
  submittedAt: time.meta({ description: 'When the submission was stored.' }),
  warningsReceived: z.number().meta({ description: 'Warnings in the submission.' }),
  warningsStored: z.number().meta({ description: 'Those of them that had not been reported before.' }),
  recordings: z
    .array(
      z.strictObject({
        id: z.string().meta({ description: 'Id of the recording.' }),
        type: recordingType,
        bytes: z.number().meta({ description: 'Bytes received.' }),
        sha256: z.string().meta({ description: 'Hash, hexadecimal.' }),
        hashOf: z
          .enum(['file', 'chunks'])
          .meta({ description: 'Of the file, or of the list of its chunks: a line `index hash` for each.' }),
        complete: z.boolean().meta({ description: 'Whether all of it is there.' }),
      }),
    )
    .meta({ description: 'All recordings of the participant, oldest first.' }),
  issuedAt: time.meta({ description: 'When the receipt was issued.' }),
  signature: z.string().meta({ description: 'All of it, signed: a JWS in compact form, Ed25519.' }),
});
