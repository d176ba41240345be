import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { AppError } from '../../errors.ts';
import type { Upload as Row } from '../../generated/prisma/client.ts';
import type { PartedUploads } from '../../services/recordings/parted-uploads.ts';

/**
 * Unfinished uploads in a bucket. We do not use @tus/s3-store: version 2.0.7 removes the bytes after the last part before
 * they are safe elsewhere, joins parts even if an earlier one is missing, aborts other programs' uploads in the same bucket,
 * and leaves unencrypted bytes in the machine's temporary folder.
 */
export class BucketStore extends DataStore {
  readonly #uploads: PartedUploads;
  readonly #expiryMs: number;

  constructor(uploads: PartedUploads, { expiryMs }: { expiryMs: number }) {
    super();
    this.#uploads = uploads;
    this.#expiryMs = expiryMs;
    this.extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination', 'expiration'];
  }

  override async create(upload: Upload): Promise<Upload> {
    const { createdAt } = await this.#uploads.begin({ id: upload.id, size: upload.size ?? null, metadata: upload.metadata ?? {} });
    upload.creation_date = createdAt.toISOString();
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    return this.toUpload(await inTusTerms(this.#uploads.find(id)));
  }

  toUpload({ id, size, received, metadata, createdAt }: Row): Upload {
    return new Upload({
      id,
      offset: Number(received),
      metadata: metadata as Record<string, string | null>,
      creation_date: createdAt.toISOString(),
      ...(size !== null && { size: Number(size) }),
    });
  }

  override write = (source: Readable, id: string, _offset: number): Promise<number> => inTusTerms(this.#uploads.append(id, source));
  override remove = (id: string): Promise<void> => inTusTerms(this.#uploads.remove(id));
  override declareUploadLength = (id: string, size: number): Promise<void> => inTusTerms(this.#uploads.declareSize(id, size));

  override async deleteExpired(): Promise<number> {
    const ids = await this.#uploads.incompleteIds(new Date(Date.now() - this.#expiryMs));
    for (const id of ids) await this.#uploads.remove(id);
    return ids.length;
  }

  override getExpiration(): number {
    return this.#expiryMs;
  }
}

async function inTusTerms<T>(doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') throw ERRORS.FILE_NOT_FOUND;
    if (error instanceof AppError && error.code === 'conflict') throw ERRORS.INVALID_OFFSET;
    throw error;
  }
}
