import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey } from './sealed-file.ts';

/*
 * A few sealed bytes: the format number, 32 bytes of salt, the AES-256-GCM ciphertext, its tag. Each has its own key, derived
 * from the installation's secret and the salt, so the nonce may always be the same.
 */
const FORMAT = 1;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const NONCE = Buffer.alloc(12);

export interface Seal {
  secret: Uint8Array;
  /** What the bytes are for: they cannot be opened for another purpose. */
  purpose: string;
  /** Whose they are: they cannot be opened for somebody else. */
  context: string;
}

export function sealBytes(bytes: Uint8Array, { secret, purpose, context }: Seal): Buffer<ArrayBuffer> {
  const salt = randomBytes(SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, salt, purpose), NONCE).setAAD(Buffer.from(context));
  return Buffer.concat([Buffer.of(FORMAT), salt, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** @returns null if the bytes were changed, or sealed with another secret or for another purpose or context. */
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
