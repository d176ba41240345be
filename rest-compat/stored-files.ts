import type { Context } from '../src/context.ts';
import type { StoredFile } from '../src/http/send-file.ts';

/** A stored file by the row that names it. */
interface NamedFile {
  storageKey: string;
  /** Bytes. */
  size: bigint;
  /** Hexadecimal. */
  sha256: string;
  createdAt: Date;
}

export const toStored = (ctx: Context, { storageKey, size, sha256, createdAt }: NamedFile, contentType: string): StoredFile => ({
  storage: ctx.storage,
  key: storageKey,
  size: Number(size),
  etag: sha256,
  contentType,
  lastModified: createdAt,
  filename: storageKey,
});
