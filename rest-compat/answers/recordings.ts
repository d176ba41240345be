import { z } from 'zod';
import { examId, recordingSize, recordingStatus, recordingType, share, time, userId } from './parts.ts';

const analysis = z.strictObject({
  faceDetection: z
    .strictObject({
      facePresent: share.nullable().meta({ description: 'Share of the sampled frames with exactly one face, covered ones included.' }),
      multipleFaces: share.nullable().meta({ description: 'Share with several faces.' }),
      noFace: share.nullable().meta({ description: 'Share without a face.' }),
    })
    .optional()
    .meta({ description: 'Faces in a webcam recording; the three shares add up to 1.' }),
  suspiciousActivity: z
    .strictObject({
      phoneUsage: share.nullable().meta({ description: 'Share of the time with a phone in view.' }),
      lookingAway: share.nullable().meta({ description: 'Share of the time looking away.' }),
      talking: share.nullable().meta({ description: 'Share of the time with speech; null without sound.' }),
    })
    .optional()
    .meta({ description: 'What else was seen in a webcam recording.' }),
  suppressed: z.array(z.string()).optional().meta({ description: 'Types that were not raised, as an accommodation.' }),
  screen: z
    .strictObject({
      idle: share.nullable().meta({ description: 'Share of the time in which nothing changed.' }),
      blank: share.nullable().meta({ description: 'Share of the time with an empty picture, black ones included.' }),
    })
    .optional()
    .meta({ description: 'The picture of a screen recording.' }),
});

export const recording = z.strictObject({
  id: z.string().meta({ description: 'Id of the recording.' }),
  examId,
  userId,
  type: recordingType,
  duration: z.number().nullable().meta({ description: 'Seconds, measured; null of a live recording.' }),
  size: recordingSize,
  format: z.string().meta({ description: 'webm or mp4.' }),
  createdAt: time.meta({ description: 'When it was stored, or started if live.' }),
  url: z.string().meta({ description: 'Where to download it with the same authorisation.' }),
  status: recordingStatus,
  live: z.literal(true).optional().meta({ description: 'Its chunks still arrive or are being joined.' }),
  nextChunk: z.number().optional().meta({ description: 'One more than the highest chunk that arrived, as long as more are accepted.' }),
  complete: z.boolean().optional().meta({ description: 'Of a recording in chunks: whether all have come that there are.' }),
  startedAt: time.optional().meta({ description: 'Of a recording in chunks: when it began.' }),
  spans: z
    .array(
      z.strictObject({
        startedAt: time.meta({ description: 'When this stretch was recorded.' }),
        offsetSeconds: z.number().meta({ description: 'Where it is in the file.' }),
        seconds: z.number().meta({ description: 'How long it is.' }),
      }),
    )
    .optional()
    .meta({ description: 'Of a recording in chunks: which part of the file was recorded when.' }),
  error: z.string().optional().meta({ description: 'Why the analysis failed.' }),
  note: z.string().optional().meta({ description: 'What is missing from it, or how it was put together.' }),
  analysis: analysis.optional().meta({ description: 'What the analysis found, once processed.' }),
});

export const chunk = z.strictObject({
  recordingId: z.string().meta({ description: 'Id of the recording.' }),
  index: z.number().meta({ description: 'Position of the chunk.' }),
  size: z.number().meta({ description: 'Bytes of the chunk.' }),
  sha256: z.string().meta({ description: 'Hash of the chunk, hexadecimal.' }),
});

export const snapshot = z.strictObject({
  examId,
  userId,
  takenAt: time.meta({ description: 'The time used: the one given if it is within the last 30 s, else the time of arrival.' }),
  analysed: z.boolean().meta({ description: 'Whether it is analysed, unless a newer one replaces it.' }),
  clockSkewSeconds: z
    .number()
    .optional()
    .meta({ description: "How far the client's clock is ahead (behind: negative), if its time was not used." }),
});

export const verification = z.strictObject({
  verified: z.boolean().meta({ description: 'Whether both pictures show the same person.' }),
  confidence: share.meta({ description: 'Calibrated probability that they do.' }),
  matchScore: share.meta({ description: 'Similarity of the two faces.' }),
  faceDetected: z.boolean().meta({ description: 'Whether both pictures show a face.' }),
  warnings: z
    .array(z.string())
    .meta({ description: 'What was wrong with the pictures; `low_confidence`: neither clearly the same person nor clearly another.' }),
  id: z.string().meta({ description: 'Id of the verification.' }),
});
