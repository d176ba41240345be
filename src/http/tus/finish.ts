import { ERRORS } from '@tus/server';
import type { Storage } from '../../adapters/storage/storage.ts';
import { AppError } from '../../errors.ts';
import type { Recording } from '../../generated/prisma/client.ts';
import type { Logger, RequestLog } from '../../log.ts';
import type { Lease, Leases } from '../../services/leases.ts';
import { uploadRecordingInput } from '../../services/recordings/input.ts';
import type { Recordings } from '../../services/recordings/recordings.ts';
import { parseInput } from '../../validation.ts';
import type { UnfinishedUploads } from './unfinished.ts';

/** Probing and copying four hours of video takes minutes. */
const WAIT_MS = 60_000;

interface Dependencies {
  unfinished: UnfinishedUploads;
  recordings: Recordings;
  storage: Storage;
  leases: Leases;
  log: Logger;
}

/**
 * Turns each complete upload into exactly one recording: in the request that brought its last byte, in one that asks for its
 * offset, or in a sweep if the client is gone. The bytes stay until there is a recording, or until the file itself is
 * refused.
 */
export function createUploadFinisher({ unfinished, recordings, storage, leases, log }: Dependencies) {
  const { store } = unfinished;
  // In addition to the lock of the request, which tus releases before the upload is finished.
  const leaseOf = (id: string, waitMs: number) => leases.acquire(`upload-finish:${id}`, { waitMs });

  async function make(id: string): Promise<Recording> {
    const { metadata, offset, size } = await store.getUpload(id);
    if (offset !== size) throw ERRORS.INVALID_OFFSET;
    const { examId, userId, type } = parseInput(uploadRecordingInput, metadata);
    const file = await unfinished.spool(id);
    try {
      return await recordings.upload({ examId, userId: userId ?? '', type }, await recordings.check(file, 'file'), { uploadId: id });
    } catch (error) {
      // A failure on our side may succeed next time.
      if (error instanceof AppError && error.code !== 'server_error') await store.remove(id);
      throw error;
    } finally {
      await storage.discard(file);
    }
  }

  async function finishWithin(lease: Lease, id: string, log: Logger): Promise<Recording> {
    try {
      const recording = (await recordings.ofUpload(id)) ?? (await make(id));
      await store.remove(id).catch((error: unknown) => {
        if (error !== ERRORS.FILE_NOT_FOUND) log.warn({ err: error, uploadId: id }, 'a finished upload may be left in storage');
      });
      return recording;
    } finally {
      await lease.release();
    }
  }

  return {
    /** @throws AppError from `Recordings.check` and `Recordings.upload`; the upload is removed then. */
    async finish(id: string, { log }: RequestLog): Promise<Recording> {
      const lease = await leaseOf(id, WAIT_MS);
      if (!lease) throw ERRORS.ERR_LOCK_TIMEOUT;
      return finishWithin(lease, id, log);
    },

    /** Finishes complete uploads that nobody else is finishing. */
    async finishLeftBehind(): Promise<void> {
      for (const id of await unfinished.completeIds()) {
        const lease = await leaseOf(id, 0);
        if (!lease) continue;
        await finishWithin(lease, id, log).catch((error: unknown) => log.warn({ err: error, uploadId: id }, 'could not finish an upload'));
      }
    },
  };
}
