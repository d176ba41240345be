import type { Upload } from '@tus/server';
import type { Stored } from '../../services/exam-writes/handed-in.ts';
import type { UnfinishedUploads } from './unfinished.ts';

interface Coming {
  owner: string;
  /** Bytes that it was announced with; the maximum if it was announced without. */
  bytes: bigint;
  /** Whether it is in the store: before that, it cannot be found to be gone. */
  isBegun: boolean;
}

const ownerOf = ({ metadata }: Upload) => metadata?.['owner'] ?? '';

/**
 * How much each owner has announced and not finished. Such uploads are not recordings yet, so without this one participant could
 * fill the disk with them. A process knows those that it began, and those that were there when the first of them began.
 */
export function createComing({ unfinished: { store, all }, maxBytes }: { unfinished: UnfinishedUploads; maxBytes: number }) {
  const uploads = new Map<string, Coming>();
  const note = (upload: Upload, isBegun: boolean): Coming => {
    const entry = { owner: ownerOf(upload), bytes: BigInt(upload.size ?? maxBytes), isBegun };
    uploads.set(upload.id, entry);
    return entry;
  };
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    for (const upload of await all()) note(upload, true);
  }

  async function othersOf(owner: string, id: string): Promise<Stored> {
    const others = [...uploads].filter(([other, entry]) => entry.owner === owner && other !== id);
    const sum = { recordings: 0, bytes: 0n };
    for (const [other, { bytes, isBegun }] of others) {
      // Another process may have finished it.
      const isGone = isBegun && (await store.getUpload(other).catch(() => null)) === null;
      if (isGone) uploads.delete(other);
      else {
        sum.recordings += 1;
        sum.bytes += bytes;
      }
    }
    return sum;
  }

  return {
    /**
     * Begins an upload.
     * @param admit throws if the owner may not begin it beside what is coming already
     * @param create puts it into the store
     */
    async begin<T>(upload: Upload, admit: (others: Stored) => Promise<void>, create: () => Promise<T>): Promise<T> {
      await (loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      }));
      // First of all, so that uploads that begin together see each other.
      const entry = note(upload, false);
      try {
        await admit(await othersOf(entry.owner, upload.id));
        const created = await create();
        entry.isBegun = true;
        return created;
      } catch (error) {
        uploads.delete(upload.id);
        throw error;
      }
    },

    /** To be called when it was removed from the store. */
    end: (id: string): void => void uploads.delete(id),
  };
}
