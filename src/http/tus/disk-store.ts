import { createCipheriv, createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import type { DataStore, Upload } from '@tus/server';
import { keyWith } from '../../adapters/storage/encryption-keys.ts';
import { deriveKey, fingerprintOf } from '../../adapters/storage/sealed-file.ts';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import { AppError } from '../../errors.ts';

const CIPHER_BLOCK = 16;
/** Metadata field that says which key an upload was started with. */
const KEY_MARK = 'sealedWith';

/**
 * Uploads on disk, encrypted while they are incomplete. In counter mode, because an upload may continue at any byte; integrity
 * is protected once the finished file is stored.
 */
export class EncryptedFileStore extends FileStore {
  readonly #masterKeys: readonly Uint8Array[];

  /** @param encryptionKeys the first one is for new uploads, the others for uploads started before the key was replaced. */
  constructor({ encryptionKeys, ...options }: ConstructorParameters<typeof FileStore>[0] & { encryptionKeys: readonly Uint8Array[] }) {
    super(options);
    this.#masterKeys = encryptionKeys;
  }

  override async create(upload: Upload): Promise<Upload> {
    const [key = new Uint8Array()] = this.#masterKeys;
    upload.metadata = { ...upload.metadata, [KEY_MARK]: fingerprintOf(key).toString('hex') };
    return super.create(upload);
  }

  override async write(source: Readable, id: string, offset: number): Promise<number> {
    return super.write(this.#through(source, await this.#keyOf(id), offset), id, offset);
  }

  override read(id: string): ReturnType<FileStore['read']> {
    // Callers only read from it.
    return Readable.from(this.#plain(super.read(id), id), { objectMode: false }) as ReturnType<FileStore['read']>;
  }

  async *#plain(sealed: Readable, id: string): AsyncGenerator<Buffer> {
    try {
      yield* this.#through(sealed, await this.#keyOf(id), 0) as AsyncIterable<Buffer>;
    } finally {
      sealed.destroy();
    }
  }

  /** Each upload has its own key, so that no part of the key stream is used twice. */
  async #keyOf(id: string): Promise<Buffer> {
    const { metadata } = await this.getUpload(id);
    const mark = metadata?.[KEY_MARK];
    // Without a mark, it was started before keys could be replaced.
    const masterKey = mark ? keyWith(this.#masterKeys, mark) : this.#masterKeys.at(-1);
    if (!masterKey) throw new Error('an upload was started with a key that STORAGE_ENCRYPTION_KEY_OLD lacks');
    return deriveKey(masterKey, Buffer.from(id), 'upload');
  }

  /** Encrypts or decrypts, which is the same operation. */
  #through(source: Readable, key: Buffer, offset: number): Readable {
    const counter = Buffer.alloc(CIPHER_BLOCK);
    counter.writeBigUInt64BE(BigInt(Math.floor(offset / CIPHER_BLOCK)), 8);
    const cipher = createCipheriv('aes-256-ctr', key, counter);
    cipher.update(Buffer.alloc(offset % CIPHER_BLOCK));
    pipeline(source, cipher, () => {}); // its reader gets the error
    return cipher;
  }
}

/** A disk with less free space than this counts as full. */
const ROOM_BYTES = 64 * 1024;

const diskIsFull = (cause: unknown) =>
  new AppError('server_error', "The server's storage is full; the bytes received so far are kept, and the upload can be resumed", [], {
    cause,
  });

/** Converts a full-disk error. The request's own stream reports it first, unless it is encrypted. Other errors are returned unchanged. */
export const explainFullDisk = (error: unknown): unknown =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT') ? diskIsFull(error) : error;

/** Reports a failed write as a full disk if it is one: the store of @tus/file-store hides why a write failed. */
export function withFullDisk<T extends DataStore>(store: T, directory: string): T {
  const write = store.write.bind(store);
  store.write = async (source, id, offset) => {
    try {
      return await write(source, id, offset);
    } catch (error) {
      const { bavail, bsize } = await statfs(directory);
      if (bavail * bsize >= ROOM_BYTES) throw error;
      throw diskIsFull(error);
    }
  };
  return store;
}

const ALGORITHMS = ['sha1', 'sha256'];
export const CHECKSUM_ALGORITHMS = ALGORITHMS.join(',');

/** The tus extension `checksum`: bytes with a wrong checksum are not added to the upload. */
export function withChecksum<T extends DataStore>(
  store: T,
  current: () => { header: string | undefined; scope: () => SpoolScope; maxBytes: number },
): T {
  const write = store.write.bind(store);
  store.extensions.push('checksum');
  store.write = async (source, id, offset) => {
    const { header, scope: openScope, maxBytes } = current();
    if (header === undefined) return write(source, id, offset);
    const { algorithm, digest } = parseChecksum(header);
    const hash = createHash(algorithm);
    async function* hashed() {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
    }
    await using scope = openScope();
    const file = await scope.spool(Readable.from(hashed(), { objectMode: false }), { maxBytes });
    if (!hash.digest().equals(digest)) throw { status_code: 460, body: 'Checksum Mismatch\n' };
    return await write(scope.read(file), id, offset);
  };
  return store;
}

function parseChecksum(header: string): { algorithm: string; digest: Buffer } {
  const [algorithm = '', encoded = ''] = header.trim().split(/ +/);
  if (!ALGORITHMS.includes(algorithm)) throw { status_code: 400, body: `Upload-Checksum: one of ${CHECKSUM_ALGORITHMS}\n` };
  return { algorithm, digest: Buffer.from(encoded, 'base64') };
}
