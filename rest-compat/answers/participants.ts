import { z } from 'zod';
import { PICTURE_ADVICE } from '../../src/resolvers/check-in.ts';
import { counts, lower, participantMembers, recordingType, reviewStatus, seatedMembers, time } from './parts.ts';

export const seatedParticipant = z.strictObject(seatedMembers);

export const seatedParticipants = z.strictObject({
  participants: z.array(seatedParticipant).meta({ description: 'Those who changed.' }),
});

export const invited = z.strictObject({
  participants: z
    .array(
      z.strictObject({
        ...participantMembers,
        group: z.string().nullable().meta({ description: "Room, class or proctor's share." }),
        extraMinutes: z.number().meta({ description: "Minutes in addition to the exam's duration." }),
        accessUrl: z.string().meta({ description: 'The personal link of this candidate.' }),
      }),
    )
    .meta({ description: 'The participants, in the order of the request.' }),
});

export const listedParticipant = z.strictObject({
  ...seatedMembers,
  group: z.string().nullable().meta({ description: "Room, class or proctor's share." }),
  review: reviewStatus.meta({ description: 'What people decided about the participant.' }),
  handRaised: z.boolean().meta({ description: 'Whether the hand is raised.' }),
  lastSeenAt: time.nullable().meta({ description: 'When the participant was last seen.' }),
  warnings: counts,
});

export const participantsPage = z.strictObject({
  participants: z.array(listedParticipant).meta({ description: 'The participants, in the order in which they were added.' }),
  nextAfter: z.string().nullable().meta({ description: 'Where the next page begins: the value for `after`; null at the end.' }),
});

export const readmitted = z.strictObject({
  participant: seatedParticipant.meta({ description: 'The participant, in the exam again.' }),
  token: z.string().meta({ description: 'A new token for the participant.' }),
  expiresAt: time.meta({ description: 'When the token ends.' }),
});

export const notice = z.strictObject({
  version: z.string().meta({ description: 'Changes with the text.' }),
  text: z.string().meta({ description: 'What is recorded, who sees it and how long it is kept.' }),
  records: z.array(recordingType).meta({ description: 'What is recorded.' }),
  liveChecks: z.boolean().meta({ description: 'Whether software looks at the camera and the recordings.' }),
  retentionDays: z.number().nullable().meta({ description: 'Days for which recordings are kept; null: until they are erased.' }),
});

export const pictureCheck = z.strictObject({
  faces: z.number().meta({ description: 'How many faces it shows.' }),
  advice: z.array(z.enum(PICTURE_ADVICE)).meta({ description: 'What would make it better; empty for a picture that a check-in takes.' }),
});

export const heartbeat = z.strictObject({
  participant: z
    .strictObject({ ...participantMembers, lastSeenAt: time.nullable().meta({ description: 'When the participant was last seen.' }) })
    .meta({ description: 'The participant of the token.' }),
  serverTime: time.meta({ description: 'The time now.' }),
  endsAt: time.nullable().meta({ description: "When the participant's time is over; null while it does not run." }),
  remainingSeconds: z.number().nullable().meta({ description: 'What is left of it; null before the start.' }),
  renewedToken: z
    .strictObject({
      token: z.string().meta({ description: 'A new token.' }),
      expiresAt: time.meta({ description: 'When it ends.' }),
    })
    .optional()
    .meta({ description: 'A token in place of the one in use, if that ends before the time that was added.' }),
});

export const accommodations = z.strictObject({
  ...participantMembers,
  accommodations: z
    .array(
      z.strictObject({
        type: z.string().meta({ description: 'Type of warning that is not raised.' }),
        reason: z.string().meta({ description: 'Why.' }),
        by: z.string().meta({ description: 'Who granted it.' }),
        at: time.meta({ description: 'When it was granted.' }),
      }),
    )
    .meta({ description: 'What the participant was granted.' }),
});

export const message = z.strictObject({
  id: z.string().meta({ description: 'Id of the message.' }),
  userId: z.string().nullable().meta({ description: 'The candidate whom it is to or from; null if it is to everybody.' }),
  from: lower('staff', 'participant', 'system').meta({ description: 'Who wrote.' }),
  by: z.string().meta({ description: 'Who wrote, by name; for candidates only `staff`.' }),
  text: z.string().meta({ description: 'What they wrote.' }),
  sentAt: time.meta({ description: 'When it was stored.' }),
  readAt: time.nullable().meta({ description: 'When the other side marked it as read.' }),
});

export const messages = z.strictObject({ messages: z.array(message).meta({ description: 'Messages, oldest first.' }) });
