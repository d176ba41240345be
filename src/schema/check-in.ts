import {
  acceptNotice,
  checkIn,
  type CheckInFacts,
  checkInOf,
  checkPicture,
  noticeOf,
  signedPhotoUrl,
  verifyParticipant,
} from '../resolvers/check-in.ts';
import { checkInStep } from '../resolvers/participants.ts';
import { openedByToken, requireCandidate, requireParticipant } from '../resolvers/policy.ts';
import type { Notice as NoticeShape } from '../services/check-in/notice.ts';
import type { PictureCheck as PictureCheckShape } from '../services/check-in/rehearsal.ts';
import type { PictureAdvice as PictureAdviceName } from '../services/identity/face-match.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { Exam } from './exam.ts';
import { Participant } from './participant.ts';
import { RecordingTypeEnum } from './recording.ts';
import { Verification } from './verification.ts';

const Notice = builder.objectRef<NoticeShape>('Notice').implement({
  description: 'What candidates are told before anything of them is recorded.',
  fields: (t) => ({
    version: t.exposeString('version', { description: 'Changes with the text: `acceptNotice` takes it.' }),
    text: t.exposeString('text', { description: 'What is recorded, who sees it and how long it is kept, in English sentences.' }),
    records: t.field({ type: [RecordingTypeEnum], description: 'What is recorded.', resolve: ({ records }) => records }),
    liveChecks: t.exposeBoolean('liveChecks', { description: 'Whether software looks at the camera and the recordings.' }),
    retentionDays: t.exposeInt('retentionDays', {
      nullable: true,
      description: 'Days for which recordings are kept; null: until they are erased.',
    }),
  }),
});

const CheckIn = builder.objectRef<CheckInFacts>('CheckIn').implement({
  description: "What is known of a participant's check-in.",
  fields: (t) => ({
    noticeVersion: t.exposeString('noticeVersion', { nullable: true, description: 'The version of the notice that was accepted.' }),
    noticeAcceptedAt: t.expose('noticeAcceptedAt', {
      type: 'DateTime',
      nullable: true,
      description: "When the notice was accepted, by the server's clock.",
    }),
    device: t.expose('device', { type: 'JSON', nullable: true, description: 'What the page told about the device.' }),
    photoUrl: t.string({
      nullable: true,
      description: 'Signed, expiring URL of the picture that was taken, a JPEG; null if there is none, or it is not kept any more.',
      resolve: (facts, _args, ctx) => signedPhotoUrl(ctx, facts),
    }),
  }),
});

const PictureAdvice = builder.enumType('PictureAdvice', {
  description: 'What would make a picture of a face better.',
  values: {
    NO_FACE: { value: 'no_face', description: 'No face was found.' },
    SEVERAL_FACES: { value: 'several_faces', description: 'More than one face is in it.' },
    TOO_SMALL: { value: 'too_small', description: 'The face is too small.' },
    TOO_DARK: { value: 'too_dark', description: 'The face is too dark.' },
    TOO_BRIGHT: { value: 'too_bright', description: 'The face is too bright.' },
    BLURRED: { value: 'blurred', description: 'The face is blurred.' },
    TURNED: { value: 'turned', description: 'The face is turned away.' },
  } as const satisfies { [Advice in PictureAdviceName as Uppercase<Advice>]: { value: Advice; description: string } },
});

const PictureCheck = builder.objectRef<PictureCheckShape>('PictureCheck').implement({
  description: 'Whether a check-in would take a picture.',
  fields: (t) => ({
    faces: t.exposeInt('faces', { description: 'How many faces it shows.' }),
    advice: t.field({
      type: [PictureAdvice],
      description: 'What would make it better; empty for a picture that a check-in takes.',
      resolve: ({ advice }) => advice,
    }),
  }),
});

builder.prismaObjectFields(Exam, (t) => ({
  notice: t.field({
    type: Notice,
    select: { settings: true },
    description: 'What candidates are told before anything of them is recorded.',
    resolve: (exam, _args, ctx) => noticeOf(ctx, exam),
  }),
}));

builder.prismaObjectFields(Participant, (t) => ({
  checkIn: t.field({
    type: CheckIn,
    nullable: true,
    select: { identityPhoto: true },
    description: 'The notice that was accepted, the device, and the picture of the face; null before. For staff and the candidate.',
    resolve: (participant, _args, ctx) => openedByToken(ctx, checkInOf(participant), null),
  }),
  checkInStep: t.string({
    nullable: true,
    description:
      'Where it is at check-in, as its page said with its newest heartbeat (a slug such as `camera_denied`); null if it did not say, before and after. Staff only, null for others.',
    resolve: (participant, _args, ctx) => checkInStep(ctx, participant),
  }),
  verification: t.field({
    type: Verification,
    nullable: true,
    select: { verifications: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 1 } },
    description: 'The newest comparison that the check-in or `verifyParticipant` made; null before.',
    resolve: ({ verifications }, _args, ctx) => openedByToken(ctx, verifications[0] ?? null, null),
  }),
}));

builder.mutationFields((t) => {
  const examId = t.arg.id({ required: true, description: EXAM_ID });
  const admitUpload = ((ctx, args) => Promise.resolve(requireParticipant(ctx, String(args['examId'])))) satisfies AdmitUpload;
  const admitTry = ((ctx, args) => Promise.resolve(requireCandidate(ctx, String(args['examId'])))) satisfies AdmitUpload;
  return {
    checkPicture: t.field({
      type: PictureCheck,
      authScopes: { viewer: true },
      description:
        'Says whether a check-in would take a picture, and what would make it better. The picture is not kept. For candidates, also by a link, before joining. At most 20 times per minute; 300 for all together who share a link.',
      args: { examId, image: t.arg({ type: 'Upload', required: true, description: 'JPEG, PNG or WebP, up to 10 MB and 40 megapixels.' }) },
      extensions: { admitUpload: admitTry },
      resolve: async (_root, { examId, image }, ctx) => checkPicture(ctx, examId, (await image).file),
    }),
    acceptNotice: t.field({
      type: Participant,
      authScopes: { viewer: true },
      description:
        'Notes that the participant of the token accepted the notice. A second call changes nothing. CONFLICT if it is another one by now. Emits ParticipantChanged.',
      args: { examId, version: t.arg.string({ required: true, description: '`Notice.version` of what was read.' }) },
      resolve: (_root, { examId, version }, ctx) => acceptNotice(ctx, examId, version),
    }),
    checkIn: t.field({
      type: Participant,
      authScopes: { viewer: true },
      description:
        "Checks in the participant of the token, which becomes WAITING or ACTIVE, by the exam's `admission`; one who is in already only changes the device and the picture. CONFLICT before `acceptNotice`. The picture becomes the face with which the camera is compared, unless one is known: then it is compared with that. At most 10 times per minute. Emits ParticipantChanged.",
      args: {
        examId,
        device: t.arg({ type: 'JSON', required: true, description: 'An object with what the page knows of the device, up to 16 KB.' }),
        photo: t.arg({
          type: 'Upload',
          description:
            'JPEG, PNG or WebP with exactly one clear face, up to 10 MB and 40 megapixels. Needed where the settings say `identityPhoto`; without a camera, a proctor admits by hand.',
        }),
      },
      extensions: { admitUpload },
      resolve: async (_root, { photo, ...args }, ctx) => checkIn(ctx, { ...args, photo: photo ? (await photo).file : null }),
    }),
    verifyParticipant: t.field({
      type: Verification,
      authScopes: { viewer: true },
      description:
        'Compares a picture of the participant of the token with the face that is known of it, by invitation, check-in or `verifyUser`. The picture is not kept. At most 6 times per minute; a third clear failure since the last success is a warning (`low_confidence` and poor pictures do not count). CONFLICT if no face is known.',
      args: { examId, image: t.arg({ type: 'Upload', required: true, description: 'JPEG, PNG or WebP, up to 10 MB and 40 megapixels.' }) },
      extensions: { admitUpload },
      resolve: async (_root, { examId, image }, ctx) => verifyParticipant(ctx, examId, (await image).file),
    }),
  };
});
