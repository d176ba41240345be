import { z } from 'zod';

/**
 * The documented answers. Every member is declared: tests fail on an answer with any other. Handlers return dates, which clients
 * get as RFC 3339 in UTC. These are the parts that several of them have.
 */

export const time = z
  .custom<Date>((value) => value instanceof Date || (typeof value === 'string' && !Number.isNaN(Date.parse(value))), 'must be a time')
  .meta({ type: 'string', format: 'date-time' });

export const lower = <const T extends readonly [string, ...string[]]>(...names: T) => z.enum(names);

export const share = z.number().min(0).max(1);

export const examId = z.string().meta({ description: 'Id of the exam.' });

export const userId = z.string().meta({ description: "The LMS's own id of the user." });

export const recordingType = lower('webcam', 'screen').meta({ description: 'What the recording shows.' });

export const recordingStatus = lower('uploaded', 'processing', 'processed', 'failed').meta({ description: 'How far the analysis is.' });

export const recordingSize = z.number().meta({ description: 'Bytes.' });

export const participantStatus = lower(
  ...(['invited', 'checking_in', 'waiting', 'active', 'paused', 'disconnected', 'submitted', 'timed_out', 'terminated'] as const),
);

export const reviewStatus = lower('not_reviewed', 'in_review', 'passed', 'suspicious', 'violation', 'contested', 'upheld', 'overturned');

export const warningSeverity = lower('info', 'low', 'medium', 'high', 'critical').meta({ description: 'How serious this type is.' });

export const warningSource = lower('client', 'analysis', 'proctor', 'system').meta({ description: 'Who raised it.' });

export const warningDecision = lower('confirmed', 'dismissed').meta({ description: 'What was decided.' });

export const participantMembers = {
  id: userId,
  name: z.string().nullable().meta({ description: 'Name as given by invitation or joining.' }),
  status: participantStatus.meta({ description: 'Where the participant is in the exam.' }),
  joinedAt: time.nullable().meta({ description: 'When the participant joined.' }),
};

export const seatedMembers = {
  ...participantMembers,
  startedAt: time.nullable().meta({ description: "When the participant's time began to run." }),
  endsAt: time.nullable().meta({ description: 'When it is over; null while it does not run.' }),
  remainingSeconds: z.number().nullable().meta({ description: 'What is left of it; null before the start.' }),
};

const count = (of: string) => z.number().meta({ description: of });

export const counts = z
  .strictObject({
    info: count('Warnings of severity info.'),
    low: count('Of severity low.'),
    medium: count('Of severity medium.'),
    high: count('Of severity high.'),
    critical: count('Of severity critical.'),
    unreviewed: count('Those of low and above on which nobody has decided.'),
  })
  .meta({ description: 'How many warnings there are about the participant.' });

/** A route that sends a file instead of JSON. */
export const file = z.void().meta({ type: 'string', format: 'binary' });
