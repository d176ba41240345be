import { type LatestSnapshot, latestSnapshot } from '../resolvers/latest-snapshots.ts';
import { requestSnapshot } from '../resolvers/snapshots.ts';
import { builder } from './builder.ts';
import { EXAM_ID, USER_ID } from './descriptions.ts';
import { Participant } from './participant.ts';

const LatestSnapshotType = builder.objectRef<LatestSnapshot>('LatestSnapshot').implement({
  description: 'The newest picture of the camera of a participant: a JPEG of at most 320 pixels, replaced every few seconds.',
  fields: (t) => ({
    takenAt: t.expose('takenAt', { type: 'DateTime', description: 'When the picture was taken that was there when this was read.' }),
    url: t.exposeString('url', {
      description:
        'Signed link to the newest picture, also to those that replace it: fetch it again when `ParticipantPulse.snapshotAt` changes. Works without credentials for 10 to 20 minutes; read the field again for a new link.',
    }),
  }),
});

builder.prismaObjectFields(Participant, (t) => ({
  latestSnapshot: t.field({
    type: LatestSnapshotType,
    nullable: true,
    description:
      'The newest picture of the camera, for staff only: null for participants. At most one every five seconds, fewer if the server is busy. An hour after the last one it is gone. Null if there is none.',
    resolve: (participant, _args, ctx) => latestSnapshot(ctx, participant),
  }),
}));

builder.mutationField('requestSnapshot', (t) =>
  t.field({
    type: Participant,
    authScopes: { staff: true },
    description:
      "Asks the participant's page for a picture of the camera now; `Participant.latestSnapshot` shows it when it has come, mostly within two seconds, and `ParticipantPulse.snapshotAt` tells. Staff only. For who is ACTIVE or DISCONNECTED in an exam that records the camera, CONFLICT for others; at most once in five seconds per participant, whoever asks (RATE_LIMITED). Emits ParticipantChanged (`snapshot`), so that the log says who asked.",
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ required: true, description: USER_ID }),
    },
    resolve: (_root, args, ctx) => requestSnapshot(ctx, args),
  }),
);
