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

/** An upload that nobody has gone on with for so long is removed. */
const EXPIRY_MS = 24 * 3_600_000;
const PATH = '/api/uploads';

/** Resumable uploads by tus 1.0.0. The finished upload becomes a recording as if it had come by POST /recordings. */
export async function createUploads({ directory, maxBytes }: { directory: string; maxBytes: number }) {
  // The store would make it readable for every user of the machine.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const requests = new AsyncLocalStorage<Context>();
  const store = new FileStore({ directory, expirationPeriodInMilliseconds: EXPIRY_MS });

  const current = (): Context => {
    const ctx = requests.getStore();
    if (!ctx) throw new Error('a tus hook ran outside its request');
    return ctx;
  };

  /** Answers an error of ours in the documented envelope. */
  async function inEnvelope<T>(run: (ctx: Context) => Promise<T>): Promise<T> {
    const ctx = current();
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
    handle: (req: IncomingMessage, res: ServerResponse, ctx: Context): Promise<void> => requests.run(ctx, () => tus.handle(req, res)),
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
