import { verifyUser } from '../src/resolvers/verifications.ts';
import { readJsonBody } from './bodies.ts';
import { presentVerification } from './present.ts';
import type { Route } from './router.ts';

export const verifyRoutes: Route[] = [
  {
    method: 'POST',
    path: '/verify/user',
    read: readJsonBody,
    run: async ({ ctx }, { body }) => presentVerification(await verifyUser(ctx, body)),
  },
];
