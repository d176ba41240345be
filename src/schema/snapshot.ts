import { prepareSnapshot, submitSnapshot } from '../resolvers/snapshots.ts';
import type { SnapshotReceipt as Receipt } from '../services/snapshots/snapshots.ts';
import { type AdmitUpload, builder } from './builder.ts';

const SnapshotReceipt = builder.objectRef<Receipt>('SnapshotReceipt').implement({
  description: 'A snapshot was taken in; what it shows becomes known by the warnings that it begins or ends.',
  fields: (t) => ({
    examId: t.exposeID('examId'),
    userId: t.exposeID('userId'),
    takenAt: t.expose('takenAt', { type: 'DateTime', description: 'As it counts.' }),
    analysed: t.exposeBoolean('analysed', {
      description:
        'Whether it is looked at, unless a newer one takes its place. False where AI detection is off, while the participant is paused, and where the server is too busy for it.',
    }),
  }),
});

builder.mutationField('submitSnapshot', (t) =>
  t.field({
    type: SnapshotReceipt,
    authScopes: { viewer: true },
    args: {
      examId: t.arg.id({ required: true }),
      userId: t.arg.id({ description: "A participant's token names the user by itself." }),
      image: t.arg({ type: 'Upload', required: true, description: 'JPEG, up to 1 MB.' }),
      takenAt: t.arg({ type: 'DateTime', description: 'Within the last 30 seconds; without it the time of arrival counts.' }),
    },
    extensions: { admitUpload: ((ctx, { examId, ...input }) => prepareSnapshot(ctx, String(examId), input)) satisfies AdmitUpload },
    description: "A picture of the participant's camera, at most one a second. Looked at at once; only evidence of a warning is kept.",
    resolve: async (_root, { image, ...args }, ctx) => submitSnapshot(ctx, { ...args, image: (await image).file }),
  }),
);
