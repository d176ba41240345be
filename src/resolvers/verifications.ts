import type { Context } from '../context.ts';
import { AppError, invalidField } from '../errors.ts';
import type { Prisma, Verification } from '../generated/prisma/client.ts';
import { visibleVerifications } from '../services/access/sight.ts';
import { verifyUserInput } from '../services/identity/input.ts';
import { parseInput } from '../validation.ts';
import { requireStaff, tenantOf } from './policy.ts';

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const DATA_URL = /^data:[a-z0-9.+/-]*(?:;[a-z0-9=.+-]*)*;base64,/i;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

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

/** Staff only, and not by the link of an exam: it gives no right to compare faces. */
export function requireVerifier(ctx: Context): void {
  requireStaff(ctx);
  if (ctx.viewer.examId !== null) throw new AppError('forbidden', 'You are not permitted to do this');
}

export async function verifyUser(ctx: Context, input: unknown): Promise<Verification> {
  requireVerifier(ctx);
  const { userId, referenceImage, verificationImage } = parseInput(verifyUserInput, input);
  const images = {
    referenceImage: decodeImage(referenceImage, 'referenceImage'),
    verificationImage: decodeImage(verificationImage, 'verificationImage'),
  };
  return ctx.services.verifications.verify({ tenant: tenantOf(ctx.viewer), userId, ...images }, ctx.keeper);
}

/** Decodes a data URL or plain base64. */
function decodeImage(value: string, field: string): Uint8Array {
  const base64 = value.replace(DATA_URL, '').replaceAll(/\s/g, '');
  if (base64.length * 0.75 > MAX_IMAGE_BYTES + 3) throw invalidField(field, 'Image size exceeds the maximum allowed (10MB)');
  if (!BASE64.test(base64)) throw invalidField(field, 'Must be a base64 image');
  return Buffer.from(base64, 'base64');
}
