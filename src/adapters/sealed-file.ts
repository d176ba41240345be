import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ByteSink } from './hashing-writer.ts';

/*
 * A sealed file: the magic, 32 bytes of salt, then chunks of 64 KiB, each encrypted with AES-256-GCM and followed by its
 * tag. The key is the file's own, derived from the installation's and the salt; the nonce is the chunk's number and whether
 * it is the last one. So any range can be read, and a chunk that was changed, moved or cut off is noticed.
 */
const MAGIC = Buffer.from('INVSEAL1');
const SALT_BYTES = 32;
const HEADER_BYTES = MAGIC.length + SALT_BYTES;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** Chunks that are read from the disk at once. */
const READ_CHUNKS = 16;

/** The bytes are not what was written, or the key is another. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

/** A key for one purpose from the installation's. */
export const deriveKey = (masterKey: Uint8Array, salt: Uint8Array, purpose: string) =>
  Buffer.from(hkdfSync('sha256', masterKey, salt, `invigil ${purpose}`, 32));

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

/** Seals what it is given on its way to `sink`. */
export function sealInto(sink: ByteSink, masterKey: Uint8Array): ByteSink {
  const salt = randomBytes(SALT_BYTES);
  const key = deriveKey(masterKey, salt, 'file');
  let header: Buffer[] = [MAGIC, salt];
  let index = 0;
  let pending = Buffer.alloc(0);
  return {
    async write(chunks) {
      const bytes = Buffer.concat([pending, ...chunks]);
      const sealed = header;
      header = [];
      let at = 0;
      // The last chunk is known only at the end: a full one waits for what follows it.
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

/** An open file as it was before it was sealed; null where it never was. */
export async function openSealed(handle: FileHandle, masterKey: Uint8Array): Promise<SealedFile | null> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  if (bytesRead < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const sealedBytes = (await handle.stat()).size - HEADER_BYTES;
  return new SealedFile(handle, deriveKey(masterKey, header.subarray(MAGIC.length), 'file'), sealedBytes);
}

class SealedFile {
  readonly #handle: FileHandle;
  readonly #key: Buffer;
  readonly #sealedBytes: number;
  readonly #chunks: number;

  constructor(handle: FileHandle, key: Buffer, sealedBytes: number) {
    this.#handle = handle;
    this.#key = key;
    this.#sealedBytes = sealedBytes;
    this.#chunks = Math.max(1, Math.ceil(sealedBytes / SEALED_CHUNK_BYTES));
  }

  /** Bytes before they were sealed. */
  get size(): number {
    return Math.max(0, this.#sealedBytes - this.#chunks * TAG_BYTES);
  }

  /** Bytes `start` to `end`, both included. @throws SealBrokenError */
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
    const { bytesRead } = await this.#handle.read(sealed, 0, sealed.length, HEADER_BYTES + offset);
    const opened = Array.from({ length: count }, (_, at) => {
      const chunk = sealed.subarray(at * SEALED_CHUNK_BYTES, Math.min((at + 1) * SEALED_CHUNK_BYTES, bytesRead));
      return unseal(this.#key, chunk, first + at, first + at === this.#chunks - 1);
    });
    return Buffer.concat(opened);
  }
}
