import { findVerification, listVerifications, verifyUser } from '../resolvers/verifications.ts';
import { builder, paged } from './builder.ts';
import { ONLY_USER, USER_ID } from './descriptions.ts';
import { Node } from './node.ts';

export const Verification = builder.prismaObject('Verification', {
  interfaces: [Node],
  description: 'The outcome of comparing two pictures of a face. The pictures are not kept. It belongs to the tenant, not to an exam.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `ver_`.' }),
    userId: t.exposeID('userId', { description: USER_ID }),
    verified: t.exposeBoolean('verified', {
      description:
        'Whether the pictures count as the same person: `confidence` is at least 0.5, neither shows several faces, and not both are of low quality.',
    }),
    confidence: t.exposeFloat('confidence', {
      description: 'Calibrated probability that both faces show the same person, 0..1; 0 if they could not be compared.',
    }),
    matchScore: t.exposeFloat('matchScore', { description: 'Similarity of the two faces, 0..1; 0 if they could not be compared.' }),
    faceDetected: t.exposeBoolean('faceDetected', { description: 'Whether both pictures show a face.' }),
    warnings: t.exposeStringList('warnings', {
      description:
        'What is wrong with a picture: `no_face`, `multiple_faces` or `low_quality`, each followed by `_reference` or `_verification`; `low_confidence` where the faces are neither clearly alike nor clearly different (0.05 to 0.5), so that a person has to look. Not the warnings of an exam.',
    }),
    detector: t.exposeString('detector', { description: 'Name and version of the models that found and compared the faces.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: "When the pictures were compared, by the server's clock." }),
  }),
});

const IMAGE = 'Data URL or bare base64 of a JPEG, PNG or WebP, at most 10 MB and 40 megapixels.';

const VerifyUserInput = builder.inputType('VerifyUserInput', {
  description: 'Two pictures to compare.',
  fields: (t) => ({
    userId: t.id({ required: true, description: `${USER_ID} Whose face it should be.` }),
    referenceImage: t.string({ required: true, description: `The known face, such as that of a passport. ${IMAGE}` }),
    verificationImage: t.string({ required: true, description: `The face to compare with it, such as one from the camera. ${IMAGE}` }),
  }),
});

builder.queryField('verifications', (t) =>
  t.prismaConnection({
    ...paged,
    type: 'Verification',
    cursor: 'id',
    authScopes: { staff: true },
    description: "Verifications of the tenant, newest first. Only with an API key: the bearer of an exam's link gets none.",
    args: { userId: t.arg.id({ description: ONLY_USER }) },
    resolve: (query, _root, { userId }, ctx) => listVerifications(ctx, userId, query),
  }),
);

builder.queryField('verification', (t) =>
  t.prismaField({
    type: 'Verification',
    nullable: true,
    authScopes: { staff: true },
    description: 'One verification; null if it does not exist or you may not see it. Only with an API key.',
    args: { id: t.arg.id({ required: true, description: 'Id of the verification.' }) },
    resolve: (query, _root, { id }, ctx) => findVerification(ctx, id, query),
  }),
);

builder.mutationField('verifyUser', (t) =>
  t.field({
    type: Verification,
    authScopes: { lms: true },
    description:
      'Compares the faces in two pictures. LMS and admin only. Emits no event. If they match, the face is kept encrypted for FACE_TEMPLATE_HOURS, to compare it with the camera during exams.',
    args: { input: t.arg({ type: VerifyUserInput, required: true }) },
    resolve: (_root, { input }, ctx) => verifyUser(ctx, input),
  }),
);
