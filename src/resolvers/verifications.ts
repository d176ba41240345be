import type { Context } from '../context.ts';
import { Base64Error } from '../encoding/base64-decoder.ts';
import { decodeDataUrl } from '../encoding/data-url.ts';
import { invalidField } from '../errors.ts';
import type { Prisma, Verification } from '../generated/prisma/client.ts';
import { visibleVerifications } from '../services/access/sight.ts';
import { verifyUserInput } from '../services/identity/input.ts';
import { parseInput } from '../validation.ts';
import { requireLms, requireStaff, tenantOf } from './policy.ts';

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
/** An image of the largest size, in base64 with escapes and line breaks. */
const MOST_TEXT_BYTES = 1.1 * MAX_IMAGE_BYTES;

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

function decodeImage(value: string, field: string): Uint8Array {
  if (value.length * 0.75 > MOST_TEXT_BYTES) throw imageTooLarge(field);
  const bytes = decode(value, field);
  if (bytes.length > MAX_IMAGE_BYTES) throw imageTooLarge(field);
  return bytes;
}

function decode(value: string, field: string): Buffer {
  try {
    return decodeDataUrl(value);
  } catch (error) {
    throw error instanceof Base64Error ? invalidField(field, 'Must be a base64 image', { cause: error }) : error;
  }
}

const imageTooLarge = (field: string) => invalidField(field, 'Image size exceeds the maximum allowed (10MB)');
