import { findVerification, listVerifications, verifyUser } from '../resolvers/verifications.ts';
import { builder, paged } from './builder.ts';
import { Node } from './node.ts';

export const Verification = builder.prismaObject('Verification', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    userId: t.exposeID('userId'),
    verified: t.exposeBoolean('verified'),
    confidence: t.exposeFloat('confidence', { description: 'Calibrated probability that both faces show the same person.' }),
    matchScore: t.exposeFloat('matchScore', { description: 'Similarity of the two faces, 0..1.' }),
    faceDetected: t.exposeBoolean('faceDetected'),
    warnings: t.exposeStringList('warnings'),
    detector: t.exposeString('detector', { description: 'Name and version of the models that found and compared the faces.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});

const VerifyUserInput = builder.inputType('VerifyUserInput', {
  fields: (t) => ({
    userId: t.id({ required: true }),
    referenceImage: t.string({ required: true, description: 'Data URL or bare base64 of a JPEG, PNG or WebP.' }),
    verificationImage: t.string({ required: true }),
  }),
});

builder.queryField('verifications', (t) =>
  t.prismaConnection({
    ...paged,
    type: 'Verification',
    cursor: 'id',
    authScopes: { staff: true },
    description: 'Verifications, newest first.',
    args: { userId: t.arg.id({ description: "Only of this user, by the LMS's own id." }) },
    resolve: (query, _root, { userId }, ctx) => listVerifications(ctx, userId, query),
  }),
);

builder.queryField('verification', (t) =>
  t.prismaField({
    type: 'Verification',
    nullable: true,
    authScopes: { staff: true },
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, { id }, ctx) => findVerification(ctx, id, query),
  }),
);

builder.mutationField('verifyUser', (t) =>
  t.field({
    type: Verification,
    authScopes: { lms: true },
    args: { input: t.arg({ type: VerifyUserInput, required: true }) },
    resolve: (_root, { input }, ctx) => verifyUser(ctx, input),
  }),
);
