import { FileStore } from '@tus/file-store';
import type { DataStore, Upload } from '@tus/server';
import type { Database } from '../../adapters/database/database.ts';
import type { SpooledFile, Storage } from '../../adapters/storage/storage.ts';
import { createPartedUploads } from '../../services/recordings/parted-uploads.ts';
import { BucketStore } from './bucket-store.ts';
import { EncryptedFileStore, withFullDisk } from './disk-store.ts';

export interface UnfinishedOptions {
  db: Database['prisma'];
  storage: Storage;
  /** For uploads that are not in a bucket. */
  directory: string;
  maxBytes: number;
  /** 32 bytes each: files in the directory are encrypted with the first one, older ones with another. Empty without encryption. */
  encryptionKeys: readonly Uint8Array[];
  /** An upload that is still incomplete this long after its start is removed. */
  expiryMs: number;
}

/** Where uploads are kept until they become recordings. */
export interface UnfinishedUploads {
  store: DataStore;
  /** The bytes of a complete upload; the caller commits or discards them. */
  spool(id: string): Promise<SpooledFile>;
  /** Uploads that may be complete: a process that ended too early leaves such ones. */
  completeIds(): Promise<string[]>;
  all(): Promise<Upload[]>;
}

/** In the bucket if there is one, so that any server can continue them; else on this machine's disk. */
export function openUnfinishedUploads({
  db,
  storage,
  directory,
  maxBytes,
  encryptionKeys,
  expiryMs,
}: UnfinishedOptions): UnfinishedUploads {
  if (storage.parts) {
    const uploads = createPartedUploads({ db, storage, parts: storage.parts, maxBytes });
    const store = new BucketStore(uploads, { expiryMs });
    const all = async () => (await uploads.all()).map((row) => store.toUpload(row));
    return { store, spool: uploads.spool, completeIds: uploads.completeIds, all };
  }
  const files = { directory, expirationPeriodInMilliseconds: expiryMs };
  const onDisk = encryptionKeys.length > 0 ? new EncryptedFileStore({ ...files, encryptionKeys }) : new FileStore(files);
  const store = withFullDisk(onDisk, directory);
  async function all(): Promise<Upload[]> {
    const uploads = await Promise.all((await store.configstore.list?.())?.map((id) => store.getUpload(id).catch(() => null)) ?? []);
    return uploads.filter((upload) => upload !== null);
  }
  return {
    store,
    spool: (id) => storage.spool(store.read(id), { maxBytes }),
    completeIds: async () => (await all()).flatMap(({ id, offset, size }) => (offset === size ? [id] : [])),
    all,
  };
}
