import { prepareSnapshot, submitSnapshot } from '../resolvers/snapshots.ts';
import type { SnapshotReceipt as Receipt } from '../services/snapshots/snapshots.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { EXAM_ID, USER_ID } from './descriptions.ts';

const SnapshotReceipt = builder.objectRef<Receipt>('SnapshotReceipt').implement({
  description: 'Confirms that a snapshot was accepted. Findings arrive as warnings that it opens or closes.',
  fields: (t) => ({
    examId: t.exposeID('examId', { description: EXAM_ID }),
    userId: t.exposeID('userId', { description: USER_ID }),
    takenAt: t.expose('takenAt', {
      type: 'DateTime',
      description: 'The time used: yours if within the last 30 s, else the time of arrival.',
    }),
    clockSkewSeconds: t.float({
      nullable: true,
      description: 'How far your clock is ahead (behind: negative), if your time was not used.',
      resolve: ({ clockSkewSeconds }) => clockSkewSeconds ?? null,
    }),
    analysed: t.exposeBoolean('analysed', {
      description:
        'Whether it will be analysed, unless a newer one replaces it. False if AI detection is off, while the participant is paused, or if the server is too busy.',
    }),
  }),
});

builder.mutationField('submitSnapshot', (t) =>
  t.field({
    type: SnapshotReceipt,
    authScopes: { viewer: true },
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ description: "Not needed with a participant's token, which already names the user." }),
      image: t.arg({ type: 'Upload', required: true, description: 'JPEG, up to 1 MB.' }),
      takenAt: t.arg({ type: 'DateTime', description: 'When it was taken. Not used if omitted, in the future or older than 30 seconds.' }),
    },
    extensions: { admitUpload: ((ctx, { examId, ...input }) => prepareSnapshot(ctx, String(examId), input)) satisfies AdmitUpload },
    description:
      "A picture from the participant's camera, at most one per second. Analysed immediately; kept only as evidence of a warning. Not for proctors. Emits WarningAdded and WarningUpdated when an episode begins and ends.",
    resolve: async (_root, { image, ...args }, ctx) => submitSnapshot(ctx, { ...args, image: (await image).file }),
  }),
);
