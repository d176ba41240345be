import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server, TUS_RESUMABLE, type Upload } from '@tus/server';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { App } from '../../app.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Context } from '../../context.ts';
import { invalidField, notFound } from '../../errors.ts';
import { requireViewer } from '../../resolvers/policy.ts';
import { findUploaded, limitOf, prepareUpload } from '../../resolvers/recordings.ts';
import { identityOf } from '../../services/access/viewer.ts';
import { uploadRecordingInput } from '../../services/recordings/input.ts';
import { parseInput } from '../../validation.ts';
import { explainSpoolError } from '../bodies/uploaded-file.ts';
import { errorAnswer } from '../error-answer.ts';
import { createComing } from './coming.ts';
import { CHECKSUM_ALGORITHMS, explainFullDisk, withChecksum } from './disk-store.ts';
import { createUploadFinisher } from './finish.ts';
import { createTusLocker } from './locker.ts';
import { openUnfinishedUploads } from './unfinished.ts';

/** An upload that is still incomplete this long after its start is removed. */
const EXPIRY_MS = 24 * 3_600_000;
const SWEEP_MS = 10 * 60_000;
const PATH = '/api/uploads';
const OVERRIDES: ReadonlySet<string> = new Set(['PATCH', 'HEAD', 'DELETE']);
const CHUNK_TYPE = 'application/offset+octet-stream';

interface UploadsOptions {
  app: Pick<App, 'db' | 'storage' | 'leases' | 'log'> & { services: Pick<App['services'], 'recordings'> };
  directory: string;
  maxBytes: number;
  /** 32 bytes each: new uploads are encrypted with the first one. Empty without encryption. */
  encryptionKeys: readonly Uint8Array[];
}

interface TusRequest {
  ctx: Context;
  checksum: string | undefined;
  allowedOrigin: unknown;
  /** The upload that this request has completed; it is a recording by now, and no longer in the store. */
  finished?: Upload;
}

/** Resumable uploads with tus 1.0.0. A finished upload becomes a recording, as if sent to POST /recordings. */
export async function createUploads({ app, directory, maxBytes, encryptionKeys }: UploadsOptions) {
  const { db, storage, leases, log } = app;
  // The store would make it readable to every user of the machine.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const requests = new AsyncLocalStorage<TusRequest>();
  const unfinished = openUnfinishedUploads({ db, storage, directory, maxBytes, encryptionKeys, expiryMs: EXPIRY_MS });
  const store = withChecksum(unfinished.store, () => {
    const { ctx, checksum } = current();
    return { header: checksum, scope: () => createSpoolScope(ctx.storage), maxBytes };
  });
  const getUpload = store.getUpload.bind(store);
  // tus looks at an upload again after it came whole in the creating request.
  store.getUpload = async (id) => {
    const { finished } = requests.getStore() ?? {};
    return finished?.id === id ? finished : getUpload(id);
  };
  const coming = createComing({ unfinished, maxBytes });
  const remove = store.remove.bind(store);
  store.remove = async (id) => {
    await remove(id);
    coming.end(id);
  };
  const create = store.create.bind(store);
  store.create = async (upload) => {
    const limit = limitOf(current().ctx);
    if (!limit) return create(upload);
    const { examId, userId } = parseInput(uploadRecordingInput, upload.metadata);
    return coming.begin(
      upload,
      (others) => limit.admit({ examId, userId: userId ?? '' }, others),
      () => create(upload),
    );
  };
  const finisher = createUploadFinisher({ unfinished, recordings: app.services.recordings, storage, leases, log });

  function current() {
    const request = requests.getStore();
    if (!request) throw new Error('a tus hook ran outside its request');
    return request;
  }

  /** Only the caller who started an upload can continue it; for others it does not exist. */
  async function findOwn(ctx: Context, uploadId: string): Promise<Upload> {
    const upload = await store.getUpload(uploadId).catch((error: unknown) => {
      if (isTusError(error)) return null;
      throw error;
    });
    if (upload?.metadata?.['owner'] !== identityOf(ctx.viewer)) throw notFound('Upload');
    return upload;
  }

  const finishedHeaders = (ctx: Context, id: string) => ({
    'X-Recording-Id': id,
    Location: `${ctx.publicUrl}/api/recordings/${id}`,
  });

  const tus = new Server({
    path: PATH,
    datastore: store,
    locker: createTusLocker(leases),
    maxSize: maxBytes,
    // Below the path of PUBLIC_URL, without its host: a client that came by another name stays with that.
    generateUrl: (_req, { id }) => `${new URL(current().ctx.publicUrl).pathname.replace(/\/$/, '')}${PATH}/${id}`,
    // As for every other request: `origins` has decided before. By itself tus allows every origin.
    allowedOrigins: (origin) => origin === current().allowedOrigin,
    exposedHeaders: ['X-Recording-Id', 'X-Request-Id', 'Retry-After'],
    async onUploadCreate(_req, upload) {
      const { ctx } = current();
      const { metadata } = upload;
      // PostgreSQL could not store it.
      if (Object.values(metadata ?? {}).some((value) => value?.includes('\0'))) {
        throw invalidField('Upload-Metadata', 'must not contain a NUL character');
      }
      const { examId, userId, type } = await prepareUpload(ctx, {
        examId: metadata?.['examId'],
        userId: metadata?.['userId'],
        type: metadata?.['type'],
      });
      return { metadata: { ...metadata, examId, userId, type, owner: identityOf(ctx.viewer) } };
    },
    async onIncomingRequest(req, uploadId) {
      if (req.method === 'OPTIONS') return;
      const { ctx } = current();
      requireViewer(ctx);
      if (req.method !== 'POST') await findOwn(ctx, uploadId);
    },
    async onUploadFinish(_req, upload) {
      const request = current();
      const { ctx } = request;
      const { id } = await finisher.finish(upload.id, ctx);
      request.finished = upload;
      return { headers: finishedHeaders(ctx, id) };
    },
    /** tus errors are sent unchanged; all others in the documented envelope. */
    onResponseError(_req, error) {
      if (isTusError(error)) return undefined;
      const { status, body } = errorAnswer(explainSpoolError('file', explainFullDisk(error)), current().ctx);
      return { status_code: status, body: JSON.stringify(body) };
    },
  });

  /**
   * A client that missed the end of its upload asks for its offset. By then there may be a recording, or, if the server ended
   * in between, all of the bytes and no recording. Returns whether the request was answered.
   */
  async function answerFinished(res: ServerResponse, ctx: Context, uploadId: string): Promise<boolean> {
    requireViewer(ctx);
    let recording = await findUploaded(ctx, uploadId);
    if (!recording) {
      const upload = await findOwn(ctx, uploadId);
      if (upload.offset !== upload.size) return false;
      recording = await finisher.finish(uploadId, ctx);
    }
    const bytes = String(recording.size);
    res.writeHead(200, {
      'Tus-Resumable': TUS_RESUMABLE,
      'Cache-Control': 'no-store',
      'Upload-Offset': bytes,
      'Upload-Length': bytes,
      ...finishedHeaders(ctx, recording.id),
    });
    res.end();
    return true;
  }

  return {
    path: PATH,
    async handle(req: IncomingMessage, res: ServerResponse, ctx: Context): Promise<void> {
      overrideMethod(req);
      if (req.method === 'OPTIONS') res.setHeader('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS);
      else if (refuseProtocol(req, res)) return;
      const uploadId = /^\/api\/uploads\/([0-9a-f]{32})$/.exec(req.url ?? '')?.[1];
      if (req.method === 'HEAD' && uploadId && (await answerFinished(res, ctx, uploadId))) return;
      const checksum = req.headers['upload-checksum']?.toString();
      const allowedOrigin = res.getHeader('access-control-allow-origin');
      await requests.run({ ctx, checksum, allowedOrigin }, () => tus.handle(req, res));
    },
    /** Finishes uploads whose server ended before it could, and removes abandoned ones: now and periodically. */
    startSweep(): Sweep {
      const sweep = startSweep({
        everyMs: SWEEP_MS,
        log,
        failure: 'could not look through unfinished uploads; will try again',
        async run() {
          await finisher.finishLeftBehind();
          await tus.cleanUpExpiredUploads();
          await leases.sweep();
        },
      });
      void sweep.now();
      return sweep;
    },
  };
}

/** For environments that cannot send PATCH (tus 1.0.0, X-HTTP-Method-Override). */
function overrideMethod(req: IncomingMessage): void {
  const method = req.headers['x-http-method-override']?.toString().toUpperCase();
  if (req.method === 'POST' && method && OVERRIDES.has(method)) req.method = method;
}

/** Answers another version of tus and another type of body as the protocol says, where the library answers 400. */
function refuseProtocol({ method, headers }: IncomingMessage, res: ServerResponse): boolean {
  const refuse = (status: number, more: Record<string, string>, text: string) => {
    res.writeHead(status, { 'Tus-Resumable': TUS_RESUMABLE, connection: 'close', 'content-type': 'text/plain', ...more }).end(text);
    return true;
  };
  if (method !== 'GET' && headers['tus-resumable'] !== TUS_RESUMABLE)
    return refuse(412, { 'Tus-Version': TUS_RESUMABLE }, `Tus-Resumable must be ${TUS_RESUMABLE}\n`);
  if (method === 'PATCH' && headers['content-type'] !== CHUNK_TYPE) return refuse(415, {}, `Content-Type must be ${CHUNK_TYPE}\n`);
  return false;
}

/** tus throws objects that are not Errors. */
const isTusError = (error: unknown) => typeof error === 'object' && error !== null && 'status_code' in error;
