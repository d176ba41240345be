import { z } from 'zod';
import { ParticipantStatus } from '../src/generated/prisma/enums.ts';
import { LONGEST_TITLE } from '../src/services/exam-input.ts';
import { lookupText, nameOf, text, timestamp, userIdInput } from '../src/validation.ts';

/** Schemas of path and query parameters. */

export const nothing = z.object({});

export const ofExam = z.object({ examId: z.string().meta({ description: 'Id of the exam.' }) });
export const ofParticipant = ofExam.extend({ userId: z.string().meta({ description: "The LMS's own id of the user." }) });
export const ofProctorLink = ofExam.extend({ linkId: z.string().meta({ description: 'Id of the personal admin link.' }) });
export const ofParticipantId = z.object({ participantId: z.string().meta({ description: 'Id of the participant, as GraphQL gives it.' }) });
export const ofRecording = z.object({ recordingId: z.string().meta({ description: 'Id of the recording.' }) });
export const ofWarning = z.object({ warningId: z.string().meta({ description: 'Id of the warning.' }) });

export const ofMessage = z.object({ messageId: z.string().meta({ description: 'Id of the message.' }) });

export const signed = z.object({
  sig: z.string().optional().meta({ description: 'A signature instead of credentials, from a link that GraphQL gives.' }),
});

export const submitter = z.object({
  userId: userIdInput.optional().meta({ description: 'The user who submits, if the body does not say.' }),
});

export const taken = z.object({
  userId: userIdInput.optional().meta({ description: 'The user in the picture; participants may leave it out.' }),
  takenAt: timestamp.optional().meta({ description: 'When the picture was taken, within the last 30 s.' }),
});

const MAX_EXAMS = 100;

export const pageOfExams = z.object({
  status: nameOf(['CREATED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'], () => 'must be created, in_progress, completed or cancelled')
    .optional()
    .meta({ description: 'Only exams with this status.' }),
  search: text(LONGEST_TITLE).optional().meta({ description: 'Text that the title contains, in any case.' }),
  after: lookupText.optional().meta({ description: 'Only exams older than the one with this id.' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, `must be from 1 to ${MAX_EXAMS}`)
    .default('50')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_EXAMS, `must be from 1 to ${MAX_EXAMS}`)
    .meta({ description: 'Maximum number of exams.' }),
});

const MAX_PARTICIPANTS = 500;
const STATUSES = Object.keys(ParticipantStatus) as [ParticipantStatus, ...ParticipantStatus[]];

export const pageOfParticipants = z.object({
  status: nameOf(STATUSES, () => `must be one of ${STATUSES.join(', ').toLowerCase()}`)
    .optional()
    .meta({ description: 'Only participants with this status.' }),
  group: text(100).optional().meta({ description: 'Only participants of this group.' }),
  search: text(200).optional().meta({ description: 'Text that the name or the id of the user contains, in any case.' }),
  after: lookupText.optional().meta({ description: 'Only those after `nextAfter` of an earlier page.' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, `must be from 1 to ${MAX_PARTICIPANTS}`)
    .default('100')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_PARTICIPANTS, `must be from 1 to ${MAX_PARTICIPANTS}`)
    .meta({ description: 'Maximum number of participants.' }),
});

const MAX_PAGE = 1_000;

export const pageOfLog = z.object({
  after: z
    .string()
    .regex(/^\d{1,18}$/, 'must be a position in the log')
    .default('0')
    .transform(BigInt)
    .meta({ description: 'Only what is later than this position.' }),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `must be from 1 to ${MAX_PAGE}`)
    .default(String(MAX_PAGE))
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_PAGE, `must be from 1 to ${MAX_PAGE}`)
    .meta({ description: 'Maximum number of warnings.' }),
});
