import { z } from 'zod';
import { examId, lower, participantMembers, time, warningSeverity, warningSource } from './parts.ts';

const settings = z.looseObject({
  webcam: z.boolean().meta({ description: 'Whether the webcam is recorded.' }),
  screenRecording: z.boolean().meta({ description: 'Whether the screen is recorded.' }),
  audioRecording: z.boolean().meta({ description: 'Whether sound is recorded.' }),
  browserLock: z.boolean().meta({ description: 'Whether the client locks the browser.' }),
  aiDetection: z
    .looseObject({
      enabled: z.boolean().meta({ description: 'Whether recordings and snapshots are analysed.' }),
      sensitivity: lower('low', 'medium', 'high').meta({ description: 'How long something must last before it is a warning.' }),
    })
    .meta({ description: 'The analysis of recordings and snapshots.' }),
  admission: lower('automatic', 'proctor').optional().meta({ description: 'How candidates who join get into the exam, where given.' }),
  candidateView: lower('never', 'after_end', 'live')
    .optional()
    .meta({ description: 'When candidates see the warnings about themselves, where given.' }),
});

const examMembers = {
  id: examId,
  title: z.string().meta({ description: 'Title of the exam.' }),
  duration: z.number().meta({ description: 'Minutes that a participant has.' }),
  settings: settings.meta({ description: 'The settings, with those that this server does not know as they were given.' }),
  status: lower('created', 'in_progress', 'completed', 'cancelled').meta({ description: 'State of the exam.' }),
  createdAt: time.meta({ description: 'When it was created.' }),
  startedAt: time.optional().meta({ description: 'When it was started.' }),
  endedAt: time.optional().meta({ description: 'When it ended or was cancelled.' }),
  opensAt: time.optional().meta({ description: 'Nobody may join earlier.' }),
  closesAt: time.optional().meta({ description: 'Nobody may begin later; whoever has begun keeps the full time.' }),
  contentUrl: z.string().optional().meta({ description: 'Address of the questions; for a candidate from when its time begins.' }),
  contentMode: lower('embedded', 'window').optional().meta({ description: 'Where the questions open, if they have an address.' }),
  accessUrl: z.string().meta({ description: 'The link for candidates.' }),
  adminUrl: z.string().optional().meta({ description: 'The link for proctors; only for API keys and proctors.' }),
};

export const exam = z.strictObject(examMembers);

export const examsPage = z.strictObject({
  exams: z.array(exam).meta({ description: 'Exams, newest first.' }),
  nextAfter: z.string().nullable().meta({ description: 'Id to continue after; null at the end.' }),
});

const participant = z.strictObject(participantMembers);

const warningMembers = {
  timestamp: time.meta({ description: 'When it happened.' }),
  type: z.string().meta({ description: 'Type of the warning.' }),
  userId: z.string().nullable().meta({ description: 'The user whom it concerns.' }),
  details: z.string().nullable().meta({ description: 'Text for the proctor.' }),
  id: z.string().meta({ description: 'Id of the warning.' }),
  severity: warningSeverity,
  source: warningSource,
  endedAt: time.optional().meta({ description: 'When an episode that lasted ended.' }),
};

export const wholeExam = z.strictObject({
  ...examMembers,
  participants: z.array(participant).meta({ description: 'The participants, in the order in which they came.' }),
  warnings: z.array(z.strictObject(warningMembers)).meta({ description: 'The newest 1,000 warnings, oldest first.' }),
  warningsTruncated: z.literal(true).optional().meta({ description: 'There are more warnings: read them from /warnings.' }),
});

export const serverTime = z.strictObject({ serverTime: time.meta({ description: 'The time now.' }) });

export const loggedWarning = z.strictObject({
  ...warningMembers,
  seq: z.number().meta({ description: 'Position in the log of the exam.' }),
});

export const warningsPage = z.strictObject({
  warnings: z.array(loggedWarning).meta({ description: 'Warnings, oldest first.' }),
  nextAfter: z.number().nullable().meta({ description: 'Position to continue after; null at the end.' }),
});

export const reportedWarnings = z.strictObject({
  warnings: z.array(loggedWarning).meta({ description: 'The stored warnings, in the order of the request.' }),
  suppressed: z
    .array(
      z.strictObject({
        index: z.number().meta({ description: 'Its place in the request, from 0.' }),
        type: z.string().meta({ description: 'Its type.' }),
      }),
    )
    .optional()
    .meta({ description: 'Those that are not stored, because the participant was granted that this type is not raised.' }),
});
