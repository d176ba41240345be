import { requireVerifier, verifyUser } from '../src/resolvers/verifications.ts';
import { IMAGES, readJsonBody } from './bodies.ts';
import { presentVerification } from './present.ts';
import type { Route } from './router.ts';

export const verifyRoutes: Route[] = [
  {
    method: 'POST',
    path: '/verify/user',
    admit: ({ ctx }) => requireVerifier(ctx),
    read: (call) => readJsonBody(call, IMAGES),
    run: async ({ ctx }, { body }) => presentVerification(await verifyUser(ctx, body)),
  },
];
