import { requireVerifier, verifyUser } from '../src/resolvers/verifications.ts';
import { verifyUserInput } from '../src/services/identity/input.ts';
import * as answers from './answers/recordings.ts';
import { IMAGES, JSON_BODY, readJsonBody } from './bodies.ts';
import { nothing } from './params.ts';
import { presentVerification } from './present.ts';
import { post, type Route } from './route.ts';

export const verifyRoutes: Route[] = [
  post({
    path: '/verify/user',
    summary: 'Compares the faces in two pictures.',
    params: nothing,
    query: nothing,
    body: verifyUserInput,
    accepts: JSON_BODY,
    answer: answers.verification,
    admit: ({ ctx }) => requireVerifier(ctx),
    read: (call) => readJsonBody(call, IMAGES),
    run: ({ ctx }, input) => verifyUser(ctx, input),
    present: (_call, verification) => presentVerification(verification),
  }),
];
