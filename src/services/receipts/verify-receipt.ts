import { compactVerify, decodeProtectedHeader, errors as joseErrors, importJWK, type JWK } from 'jose';

/** A receipt that is not what it claims, or cannot be read. */
export class NotGenuine extends Error {
  override readonly name = 'NotGenuine';
}

/** What a receipt says, once it is known to be genuine. */
export interface SignedReceipt {
  submissionId: string;
  examId: string;
  userId: string;
  submittedAt: string;
  warningsReceived: number;
  warningsStored: number;
  recordings: { id: string; type: string; bytes: number; sha256: string; hashOf: string; complete: boolean }[];
  issuedAt: string;
}

const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether all that a receipt says is also signed. GraphQL leaves members out, and writes types in upper case. */
function agrees(said: unknown, signed: unknown, name = ''): boolean {
  if (Array.isArray(said)) return Array.isArray(signed) && said.length === signed.length && said.every((one, i) => agrees(one, signed[i]));
  if (isObject(said)) return isObject(signed) && Object.keys(said).every((key) => key in signed && agrees(said[key], signed[key], key));
  return said === signed || (name === 'type' && String(said).toLowerCase() === String(signed).toLowerCase());
}

function parse(text: string): { jws: string; said: Record<string, unknown> } {
  const trimmed = text.trim();
  if (JWS.test(trimmed)) return { jws: trimmed, said: {} };
  let receipt: unknown;
  try {
    receipt = JSON.parse(trimmed);
  } catch {
    throw new NotGenuine('It is neither a receipt in JSON nor its signature');
  }
  if (!isObject(receipt)) throw new NotGenuine('It is no receipt: it must be an object with a signature');
  const { signature: jws, ...said } = receipt;
  if (typeof jws !== 'string' || !JWS.test(jws)) throw new NotGenuine('It has no signature that can be checked');
  return { jws, said };
}

/** The key with which it was signed. @param keys a JWK, or a set of them */
function keyFor(jws: string, keys: unknown): JWK {
  const known = (isObject(keys) && Array.isArray(keys['keys']) ? keys['keys'] : [keys]) as JWK[];
  const { kid } = decodeProtectedHeader(jws);
  const key = known.find((one) => isObject(one) && one.kty === 'OKP' && one.crv === 'Ed25519' && one['kid'] === kid);
  if (!key) throw new NotGenuine(`It was signed with another key than the given one: its key is ${String(kid).slice(0, 64)}`);
  return key;
}

/**
 * Checks a receipt, without a server.
 * @param text a receipt in JSON, or its `signature` alone
 * @param keys the public key as a JWK, or a set of them
 * @throws NotGenuine
 */
export async function verifyReceipt(text: string, keys: unknown): Promise<SignedReceipt> {
  const { jws, said } = parse(text);
  try {
    const { payload } = await compactVerify(jws, await importJWK(keyFor(jws, keys), 'EdDSA'), { algorithms: ['EdDSA'] });
    const signed = JSON.parse(new TextDecoder().decode(payload)) as SignedReceipt;
    if (!agrees(said, signed)) throw new NotGenuine('It says something else than what was signed');
    return signed;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError || error instanceof TypeError || error instanceof DOMException)
      throw new NotGenuine('The signature is not valid', { cause: error });
    throw error;
  }
}
