import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ByteSink } from './hashing-writer.ts';

/*
 * A sealed file: the magic, 8 bytes that identify the installation's key, 32 bytes of salt, then chunks of 64 KiB, each
 * encrypted with AES-256-GCM and followed by its tag. Each file has its own key, derived from the installation's key and the
 * salt. The nonce is the chunk's number and whether it is the last one. So any range can be read, and a chunk that was
 * changed, moved or cut off is detected.
 */
const MAGIC = Buffer.from('INVSEAL2');
/** The magic of files from before keys could be replaced, which do not name their key. */
const FIRST_MAGIC = Buffer.from('INVSEAL1');
const FINGERPRINT_BYTES = 8;
const SALT_BYTES = 32;
const FIRST_HEADER_BYTES = FIRST_MAGIC.length + SALT_BYTES;
const HEADER_BYTES = MAGIC.length + FINGERPRINT_BYTES + SALT_BYTES;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** Chunks per read from the disk. */
const READ_CHUNKS = 16;

/** The bytes are not those that were written, or the key is wrong. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

/** Derives a key for one purpose from the installation's key. */
export const deriveKey = (masterKey: Uint8Array, salt: Uint8Array, purpose: string) =>
  Buffer.from(hkdfSync('sha256', masterKey, salt, `invigil ${purpose}`, 32));

/** Identifies a key of the installation without revealing anything about it. */
export const fingerprintOf = (masterKey: Uint8Array) => deriveKey(masterKey, Buffer.alloc(0), 'fingerprint').subarray(0, FINGERPRINT_BYTES);

const nonceOf = (index: number, isLast: boolean) => {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
};

function seal(key: Buffer, chunk: Uint8Array, index: number, isLast: boolean): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, isLast));
  return [cipher.update(chunk), cipher.final(), cipher.getAuthTag()];
}

function unseal(key: Buffer, sealed: Buffer, index: number, isLast: boolean): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, isLast), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new SealBrokenError('stored bytes were changed, or STORAGE_ENCRYPTION_KEY is not the one they were written with', { cause });
  }
}

/** Encrypts everything on its way to `sink`. */
export function sealInto(sink: ByteSink, masterKey: Uint8Array): ByteSink {
  const salt = randomBytes(SALT_BYTES);
  const key = deriveKey(masterKey, salt, 'file');
  let header: Buffer[] = [MAGIC, fingerprintOf(masterKey), salt];
  let index = 0;
  let pending = Buffer.alloc(0);
  return {
    async write(chunks) {
      const bytes = Buffer.concat([pending, ...chunks]);
      const sealed = header;
      header = [];
      let at = 0;
      // Only at the end is it known which chunk is the last, so a full one waits for more.
      for (; bytes.length - at > CHUNK_BYTES; at += CHUNK_BYTES) {
        sealed.push(...seal(key, bytes.subarray(at, at + CHUNK_BYTES), index++, false));
      }
      pending = Buffer.from(bytes.subarray(at));
      if (sealed.length > 0) await sink.write(sealed);
    },
    async end() {
      await sink.write([...header, ...seal(key, pending, index, true)]);
      await sink.end();
    },
  };
}

/**
 * Opens a sealed file for reading its original bytes; null if it is not sealed.
 * @throws SealBrokenError if it is sealed with none of the keys.
 */
export async function openSealed(handle: FileHandle, masterKeys: readonly Uint8Array[]): Promise<SealedFile | null> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  const magic = header.subarray(0, MAGIC.length);
  const fileBytes = (await handle.stat()).size;
  if (bytesRead >= FIRST_HEADER_BYTES && magic.equals(FIRST_MAGIC)) return openFirst(handle, masterKeys, header, fileBytes);
  if (bytesRead < HEADER_BYTES || !magic.equals(MAGIC)) return null;
  const fingerprint = header.subarray(MAGIC.length, MAGIC.length + FINGERPRINT_BYTES);
  const masterKey = masterKeys.find((key) => fingerprintOf(key).equals(fingerprint));
  if (!masterKey) throw new SealBrokenError('stored bytes were written with a key that STORAGE_ENCRYPTION_KEY_OLD lacks');
  const key = deriveKey(masterKey, header.subarray(MAGIC.length + FINGERPRINT_BYTES), 'file');
  return new SealedFile(handle, key, HEADER_BYTES, fileBytes);
}

/** Finds the key by trying each. */
async function openFirst(handle: FileHandle, masterKeys: readonly Uint8Array[], header: Buffer, fileBytes: number): Promise<SealedFile> {
  const salt = header.subarray(FIRST_MAGIC.length, FIRST_HEADER_BYTES);
  const files = masterKeys.map((key) => new SealedFile(handle, deriveKey(key, salt, 'file'), FIRST_HEADER_BYTES, fileBytes));
  for (const file of files) if (await file.fits()) return file;
  throw new SealBrokenError('stored bytes were changed, or STORAGE_ENCRYPTION_KEY is not the one they were written with');
}

class SealedFile {
  readonly #handle: FileHandle;
  readonly #key: Buffer;
  readonly #start: number;
  readonly #sealedBytes: number;
  readonly #chunks: number;

  constructor(handle: FileHandle, key: Buffer, headerBytes: number, fileBytes: number) {
    this.#handle = handle;
    this.#key = key;
    this.#start = headerBytes;
    this.#sealedBytes = fileBytes - headerBytes;
    this.#chunks = Math.max(1, Math.ceil(this.#sealedBytes / SEALED_CHUNK_BYTES));
  }

  /** Whether the key is right and the first chunk is intact. */
  fits(): Promise<boolean> {
    return this.#open(0, 1).then(
      () => true,
      () => false,
    );
  }

  /** Size in bytes before sealing. */
  get size(): number {
    return Math.max(0, this.#sealedBytes - this.#chunks * TAG_BYTES);
  }

  /** Bytes `start` to `end`, both inclusive. @throws SealBrokenError */
  async *read(start: number, end: number): AsyncGenerator<Buffer> {
    const last = Math.min(this.#chunks - 1, Math.floor(end / CHUNK_BYTES));
    for (let index = Math.floor(start / CHUNK_BYTES); index <= last; index += READ_CHUNKS) {
      const opened = await this.#open(index, Math.min(READ_CHUNKS, last - index + 1));
      const offset = index * CHUNK_BYTES;
      const wanted = opened.subarray(Math.max(0, start - offset), Math.max(0, end + 1 - offset));
      if (wanted.length > 0) yield wanted;
    }
  }

  async #open(first: number, count: number): Promise<Buffer> {
    const offset = first * SEALED_CHUNK_BYTES;
    const sealed = Buffer.allocUnsafe(Math.max(0, Math.min(count * SEALED_CHUNK_BYTES, this.#sealedBytes - offset)));
    const { bytesRead } = await this.#handle.read(sealed, 0, sealed.length, this.#start + offset);
    const opened = Array.from({ length: count }, (_, at) => {
      const chunk = sealed.subarray(at * SEALED_CHUNK_BYTES, Math.min((at + 1) * SEALED_CHUNK_BYTES, bytesRead));
      return unseal(this.#key, chunk, first + at, first + at === this.#chunks - 1);
    });
    return Buffer.concat(opened);
  }
}
