import type { Context } from '../context.ts';
import type { Prisma, Verification } from '../generated/prisma/client.ts';
import { visibleVerifications } from '../services/access/sight.ts';
import { decodeImage } from '../services/identity/images.ts';
import { verifyUserInput } from '../services/identity/input.ts';
import { parseInput } from '../validation.ts';
import { requireLms, requireStaff, tenantOf } from './policy.ts';

export async function findVerification(
  ctx: Context,
  id: string,
  query: Pick<Prisma.VerificationFindFirstArgs, 'select'> = {},
): Promise<Verification | null> {
  requireStaff(ctx);
  return ctx.db.verification.findFirst({
    ...query,
    where: { AND: [{ id }, visibleVerifications(ctx.viewer)] },
  });
}

/** Newest first; one user's if named. */
export async function listVerifications(
  ctx: Context,
  userId: string | null | undefined,
  query: Prisma.VerificationFindManyArgs,
): Promise<Verification[]> {
  requireStaff(ctx);
  return ctx.db.verification.findMany({
    ...query,
    where: { AND: [visibleVerifications(ctx.viewer), userId == null ? {} : { userId }] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
}

/** Proctors watch; whose faces are compared is decided by the LMS. */
export const requireVerifier = (ctx: Context): void => requireLms(ctx);

export async function verifyUser(ctx: Context, input: unknown): Promise<Verification> {
  requireVerifier(ctx);
  const { userId, referenceImage, verificationImage } = parseInput(verifyUserInput, input);
  const images = {
    referenceImage: decodeImage(referenceImage, 'referenceImage'),
    verificationImage: decodeImage(verificationImage, 'verificationImage'),
  };
  return ctx.services.verifications.verify({ tenant: tenantOf(ctx.viewer), userId, ...images }, ctx.keeper);
}
