import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

/** Where servers publish the public key of receipts. */
export const RECEIPT_KEY_PATH = '/.well-known/invigil-receipt.json';

/** The public key of receipts as a JWK (RFC 7517, RFC 8037). */
export interface ReceiptJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  /** Thumbprint of the key (RFC 7638). */
  kid: string;
  alg: 'EdDSA';
  use: 'sig';
}

export interface ReceiptKey {
  privateKey: KeyObject;
  jwk: ReceiptJwk;
}

/** What precedes the seed of an Ed25519 key in PKCS #8 (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/** The key that signs receipts: all servers that share the secret have the same one. */
export async function deriveReceiptKey(secret: string): Promise<ReceiptKey> {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'invigil receipts, Ed25519', SEED_BYTES));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const key = { kty: 'OKP', crv: 'Ed25519', x } as const;
  return { privateKey, jwk: { ...key, kid: await calculateJwkThumbprint(key), alg: 'EdDSA', use: 'sig' } };
}
