import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FileStore } from '@tus/file-store';
import { Server, type Upload } from '@tus/server';
import type { Context } from '../src/context.ts';
import { notFound } from '../src/errors.ts';
import { identityOf } from '../src/http/authenticate.ts';
import { requireViewer } from '../src/resolvers/policy.ts';
import { prepareUpload, uploadRecording } from '../src/resolvers/recordings.ts';
import { createSpoolScope } from '../src/uploads/spool-scope.ts';
import { errorAnswer } from './errors.ts';
import { CHECKSUM_ALGORITHMS, EncryptedFileStore, withChecksum } from '../src/uploads/tus-store.ts';

/** An upload that nobody has gone on with for so long is removed. */
const EXPIRY_MS = 24 * 3_600_000;
const PATH = '/api/uploads';

interface UploadsOptions {
  directory: string;
  maxBytes: number;
  /** 32 bytes: what has come of an upload is encrypted with it. */
  encryptionKey: Uint8Array | undefined;
}

/** Resumable uploads by tus 1.0.0. The finished upload becomes a recording as if it had come by POST /recordings. */
export async function createUploads({ directory, maxBytes, encryptionKey }: UploadsOptions) {
  // The store would make it readable for every user of the machine.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const requests = new AsyncLocalStorage<{ ctx: Context; checksum: string | undefined }>();
  const files = { directory, expirationPeriodInMilliseconds: EXPIRY_MS };
  const store = withChecksum(encryptionKey ? new EncryptedFileStore({ ...files, encryptionKey }) : new FileStore(files), () => {
    const { ctx, checksum } = current();
    return { header: checksum, scope: () => createSpoolScope(ctx.storage), maxBytes };
  });

  function current() {
    const request = requests.getStore();
    if (!request) throw new Error('a tus hook ran outside its request');
    return request;
  }

  /** Answers an error of ours in the documented envelope. */
  async function inEnvelope<T>(run: (ctx: Context) => Promise<T>): Promise<T> {
    const { ctx } = current();
    try {
      return await run(ctx);
    } catch (error) {
      const { status, body } = errorAnswer(error, ctx.log);
      throw { status_code: status, body: JSON.stringify(body) };
    }
  }

  async function finish(ctx: Context, upload: Upload) {
    await using scope = createSpoolScope(ctx.storage);
    try {
      const file = await scope.spool(store.read(upload.id), { maxBytes });
      const { id } = await uploadRecording(ctx, inputOf(upload), file);
      return { headers: { 'X-Recording-Id': id, Location: `${ctx.publicUrl}/api/recordings/${id}` } };
    } finally {
      await store.remove(upload.id);
    }
  }

  const tus = new Server({
    path: PATH,
    datastore: store,
    maxSize: maxBytes,
    relativeLocation: true,
    onUploadCreate: (_req, upload) =>
      inEnvelope(async (ctx) => {
        await prepareUpload(ctx, inputOf(upload));
        return { metadata: { ...upload.metadata, owner: identityOf(ctx.viewer) } };
      }),
    onIncomingRequest: (req, uploadId) =>
      inEnvelope(async (ctx) => {
        if (req.method === 'OPTIONS') return;
        requireViewer(ctx);
        if (req.method === 'POST') return;
        const upload = await store.getUpload(uploadId).catch(() => null);
        if (upload?.metadata?.['owner'] !== identityOf(ctx.viewer)) throw notFound('Upload');
      }),
    onUploadFinish: (_req, upload) => inEnvelope((ctx) => finish(ctx, upload)),
  });

  return {
    path: PATH,
    handle(req: IncomingMessage, res: ServerResponse, ctx: Context): Promise<void> {
      if (req.method === 'OPTIONS') res.setHeader('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS);
      return requests.run({ ctx, checksum: req.headers['upload-checksum']?.toString() }, () => tus.handle(req, res));
    },
    /** Removes uploads that were given up. */
    sweep: () => tus.cleanUpExpiredUploads(),
  };
}

export type Uploads = Awaited<ReturnType<typeof createUploads>>;

const inputOf = ({ metadata }: Upload) => ({
  examId: metadata?.['examId'],
  userId: metadata?.['userId'],
  type: metadata?.['type']?.toUpperCase(),
});
