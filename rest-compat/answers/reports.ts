import { z } from 'zod';
import {
  counts,
  participantStatus,
  recordingStatus,
  recordingType,
  reviewStatus,
  time,
  warningDecision,
  warningSeverity,
  warningSource,
} from './parts.ts';

const said = (description: string) => z.string().meta({ description });
const saidOrNot = (description: string) => z.string().nullable().meta({ description });
const at = (description: string) => time.meta({ description });
const atOrNot = (description: string) => time.nullable().meta({ description });
const number = (description: string) => z.number().meta({ description });
const numberOrNot = (description: string) => z.number().nullable().meta({ description });
const yes = (description: string) => z.boolean().meta({ description });
const listOf = <Shape extends z.ZodRawShape>(shape: Shape, description: string) => z.array(z.strictObject(shape)).meta({ description });

const exam = z
  .strictObject({
    id: said('Id of the exam.'),
    title: said('Title of the exam.'),
    duration: number('Minutes that a participant has.'),
    startedAt: atOrNot('When it was started.'),
    endedAt: atOrNot('When it ended or was cancelled.'),
  })
  .meta({ description: 'The exam.' });

const seat = {
  userId: said("The LMS's own id of the user."),
  name: saidOrNot('Name as given by invitation or joining.'),
  group: saidOrNot("Room, class or proctor's share."),
  status: participantStatus.meta({ description: 'Where the participant is in the exam.' }),
  joinedAt: atOrNot('When the participant joined.'),
  startedAt: atOrNot("When the participant's time began to run."),
  extraMinutes: number("Minutes in addition to the exam's duration."),
  creditedMinutes: number('Minutes that were added while the exam ran.'),
  outageSeconds: number('Seconds in which nothing was heard of the client while the time ran.'),
  review: reviewStatus.meta({ description: 'What people decided about the participant.' }),
};

const verdict = {
  status: reviewStatus.meta({ description: 'What was decided.' }),
  reason: saidOrNot('Why.'),
  by: said('Who decided.'),
  at: at('When.'),
};

const share = (of: string) => numberOrNot(`What was received of ${of}, 0 to 1; null if none was expected.`);

export const examReport = z.strictObject({
  exam,
  generatedAt: at('When the report was made.'),
  participants: listOf(
    {
      ...seat,
      submittedAt: atOrNot('When the participant submitted, the last time.'),
      warnings: counts,
      coverage: z
        .strictObject({ webcam: share('the camera'), screen: share('the screen') })
        .meta({ description: 'How much of the evidence there is.' }),
      verdict: z.strictObject(verdict).nullable().meta({ description: 'The decision that made the review what it is.' }),
      contested: yes('Whether the candidate objected to a verdict.'),
    },
    'The participants, by name; by id where they have none.',
  ),
});

export const participantReport = z.strictObject({
  exam,
  generatedAt: at('When the report was made.'),
  participant: z
    .strictObject({ ...seat, noticeAcceptedAt: atOrNot('When the notice was accepted.') })
    .meta({ description: 'The participant.' }),
  timeCredits: listOf(
    { minutes: number('How many.'), reason: said('Why.'), by: said('Who added them.'), at: at('When.') },
    'Time that was added.',
  ),
  accommodations: listOf(
    { type: said('Type of warning.'), reason: said('Why.'), by: said('Who granted it.'), at: at('When.') },
    'What was granted.',
  ),
  submissions: listOf(
    {
      id: said('Id of the submission.'),
      submittedAt: at('When it was stored.'),
      warningsReceived: number('Warnings in it.'),
      warningsStored: number('Those that were new.'),
    },
    'What the participant handed in, oldest first.',
  ),
  verifications: listOf(
    {
      id: said('Id of the comparison.'),
      verified: yes('Whether it was the same person.'),
      confidence: number('Calibrated probability of that, 0 to 1.'),
      warnings: z.array(z.string()).meta({ description: 'What was wrong with the picture, or `low_confidence`: a person has to look.' }),
      at: at('When.'),
    },
    'Comparisons of the face, oldest first.',
  ),
  evidence: listOf(
    {
      type: recordingType,
      lastChunkAt: atOrNot('When the last chunk came.'),
      receivedSeconds: number('Seconds of the expected ones that were received.'),
      expectedSeconds: number('Seconds that were expected.'),
      gaps: listOf(
        { from: at('When it begins.'), to: atOrNot('When it ends; null while it lasts.'), cause: said('Why.') },
        'What is missing.',
      ),
    },
    'The ledger of evidence.',
  ),
  recordings: listOf(
    {
      id: said('Id of the recording.'),
      type: recordingType,
      status: recordingStatus,
      duration: numberOrNot('Seconds.'),
      size: number('Bytes.'),
      sha256: said('Hash of the file, hexadecimal; empty before there is one.'),
      note: saidOrNot('What is missing from it, or how it was put together.'),
    },
    'The recordings, oldest first.',
  ),
  warnings: listOf(
    {
      id: said('Id of the warning.'),
      seq: number('Position in the log of the exam.'),
      type: said('Type of the warning.'),
      severity: warningSeverity,
      source: warningSource,
      timestamp: at('When it happened.'),
      endedAt: atOrNot('When an episode that lasted ended.'),
      details: saidOrNot('Text for the proctor.'),
      confidence: numberOrNot('Score of the detector, 0 to 1; not a probability.'),
      recordingId: saidOrNot('The recording that shows it.'),
      offsetSeconds: numberOrNot('Where in that recording.'),
      frameUrl: saidOrNot('Signed, expiring URL of the picture.'),
      review: z
        .strictObject({
          decision: warningDecision,
          reason: saidOrNot('Why.'),
          by: said('Who decided.'),
          at: at('When.'),
        })
        .nullable()
        .meta({ description: 'What a person decided about it.' }),
    },
    'The warnings, oldest first; at most 5,000.',
  ),
  warningsTruncated: yes('Whether there are more warnings.'),
  verdicts: listOf({ ...verdict, final: yes('Whether it made the review what it says.') }, 'Every decision, oldest first.'),
  contest: z
    .strictObject({
      text: said('What the candidate wrote.'),
      at: at('When.'),
      answer: saidOrNot('The answer of staff.'),
      answeredBy: saidOrNot('Who answered.'),
      answeredAt: atOrNot('When.'),
    })
    .nullable()
    .meta({ description: "The candidate's objection." }),
});
