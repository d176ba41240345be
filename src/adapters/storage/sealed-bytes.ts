import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey } from './sealed-file.ts';

/*
 * A few sealed bytes: the format's number, 32 bytes of salt, what was sealed with AES-256-GCM, its tag. The key is their
 * own, derived from the installation's secret and the salt, so that the nonce may always be the same.
 */
const FORMAT = 1;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const NONCE = Buffer.alloc(12);

export interface Seal {
  secret: Uint8Array;
  /** What the bytes are for: those of one purpose cannot be opened for another. */
  purpose: string;
  /** Whose they are: moved to somebody else they cannot be opened. */
  context: string;
}

export function sealBytes(bytes: Uint8Array, { secret, purpose, context }: Seal): Buffer<ArrayBuffer> {
  const salt = randomBytes(SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, salt, purpose), NONCE).setAAD(Buffer.from(context));
  return Buffer.concat([Buffer.of(FORMAT), salt, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** @returns null where the bytes were changed, or sealed with another secret, for another purpose or context. */
export function unsealBytes(sealed: Uint8Array, { secret, purpose, context }: Seal): Buffer | null {
  if (sealed[0] !== FORMAT || sealed.length < 1 + SALT_BYTES + TAG_BYTES) return null;
  const key = deriveKey(secret, sealed.subarray(1, 1 + SALT_BYTES), purpose);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(1 + SALT_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
