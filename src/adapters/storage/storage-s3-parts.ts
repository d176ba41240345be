import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { type PartStorage, safeName, type SpooledFile, type Storage, type StoredPart } from './storage.ts';

const MB = 1024 * 1024;
const ATTEMPTS = 3;
const RETRY_MS = 300;
/** S3 copies at most 5 GB per request. */
const COPY_BYTES = 1024 * MB;
const COPIES_AT_ONCE = 4;
/** Objects in the uploads folder that are this old belong to no upload that can still be continued. */
const LEFT_BEHIND_MS = 72 * 3_600_000;

export interface S3PartsOptions {
  client: S3Client;
  bucket: string;
  prefix: string;
  /** Holds the bytes until they are sent. */
  spool: Storage;
  /** Larger files are copied within the bucket in parts of this size; default: 1 GB. */
  copyBytes?: number | undefined;
}

/**
 * Unfinished uploads in a bucket: `uploads/NAME` is the multipart upload and, once its parts are joined, the object; tails are
 * separate objects next to it.
 */
export function createS3Parts({ client, bucket: Bucket, prefix, spool, copyBytes = COPY_BYTES }: S3PartsOptions) {
  const folder = `${prefix}uploads/`;
  const keyOf = (name: string, tail?: string) => folder + safeName(name) + (tail === undefined ? '' : `.${safeName(tail)}`);
  const objectOf = (name: string, tail?: string) => ({ Bucket, Key: keyOf(name, tail) });
  const ContentType = 'application/octet-stream';
  /** Keys in the bucket of spooled files whose bytes are already there. */
  const joined = new Map<string, string>();

  /** A stream can only be sent once, so after a temporary failure the request is repeated with a new one. */
  async function sendFile<T>(file: SpooledFile, send: (body: { Body: Readable; ContentLength: number }) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const Body = spool.read(file);
      try {
        return await send({ Body, ContentLength: file.size });
      } catch (error) {
        if (attempt === ATTEMPTS || !mayPass(error)) throw error;
        await pause(RETRY_MS * attempt);
      } finally {
        Body.destroy();
      }
    }
  }

  async function* bytesOf(object: { Bucket: string; Key: string }): AsyncGenerator<Uint8Array> {
    const { Body } = await client.send(new GetObjectCommand(object));
    if (!(Body instanceof Readable)) throw new Error('the bucket answered without a stream');
    yield* Body as AsyncIterable<Uint8Array>;
  }
  const streamOf = (object: { Bucket: string; Key: string }) => Readable.from(bytesOf(object), { objectMode: false, highWaterMark: MB });

  async function removeBelow(start: string, isOld: (modifiedAt: Date | undefined) => boolean = () => true): Promise<void> {
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: start })) {
      // One by one: for a list, some providers require a checksum that others do not support.
      for (const { Key, LastModified } of Contents) {
        if (isOld(LastModified)) await client.send(new DeleteObjectCommand({ Bucket, Key }));
      }
    }
  }

  async function copyInParts(CopySource: string, target: { Bucket: string; Key: string }, size: number): Promise<void> {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType }));
    try {
      const starts = Array.from({ length: Math.ceil(size / copyBytes) }, (_, index) => index * copyBytes);
      const copy = pLimit({ concurrency: COPIES_AT_ONCE, rejectOnClear: true });
      const copying = copy.map(starts, async (start, index) => {
        const PartNumber = index + 1;
        const CopySourceRange = `bytes=${start}-${Math.min(start + copyBytes, size) - 1}`;
        const part = { ...target, UploadId, PartNumber, CopySource, CopySourceRange };
        const { CopyPartResult } = await client.send(new UploadPartCopyCommand(part));
        return { PartNumber, ETag: CopyPartResult?.ETag };
      });
      // After a failure no other part is started.
      const Parts = await copying.catch((error: unknown) => {
        copy.clearQueue();
        throw error;
      });
      await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {});
      throw error;
    }
  }

  const parts: PartStorage = {
    minPartBytes: 5 * MB,
    maxParts: 10_000,

    async begin(name) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...objectOf(name), ContentType }));
      if (!UploadId) throw new Error('the bucket returned no id for an upload');
      return UploadId;
    },

    putPart: ({ name, bucketId: UploadId }, PartNumber, file) =>
      sendFile(file, async (body) => {
        const command = new UploadPartCommand({ ...objectOf(name), UploadId, PartNumber, ...body });
        const { ETag } = await client.send(signHash(command, file));
        if (!ETag) throw new Error('the bucket returned no ETag for a part');
        return ETag;
      }),

    async putTail(name, file) {
      const tail = randomBytes(9).toString('hex');
      await sendFile(file, (body) => client.send(signHash(new PutObjectCommand({ ...objectOf(name, tail), ContentType, ...body }), file)));
      return tail;
    },
    readTail: (name, tail) => streamOf(objectOf(name, tail)),
    async removeTail(name, tail) {
      await client.send(new DeleteObjectCommand(objectOf(name, tail)));
    },

    async join({ name, bucketId: UploadId }, stored) {
      const Parts = stored.map(({ number: PartNumber, etag: ETag }: StoredPart) => ({ PartNumber, ETag }));
      try {
        await client.send(new CompleteMultipartUploadCommand({ ...objectOf(name), UploadId, MultipartUpload: { Parts } }));
      } catch (error) {
        // It may have been joined before, by a request that was interrupted.
        if (!isGone(error)) throw error;
        await client.send(new HeadObjectCommand(objectOf(name)));
      }
    },
    read: (name) => streamOf(objectOf(name)),
    holds: (file, name) => void joined.set(file.spoolKey, keyOf(name)),

    async remove({ name, bucketId: UploadId }) {
      if (UploadId) {
        await client.send(new AbortMultipartUploadCommand({ ...objectOf(name), UploadId })).catch((error: unknown) => {
          if (!isGone(error)) throw error;
        });
      }
      await client.send(new DeleteObjectCommand(objectOf(name)));
      await removeBelow(`${keyOf(name)}.`);
    },
  };

  return {
    parts,
    /** Copies within the bucket if the bytes are already there. Returns whether they were. */
    async commitWithin(file: SpooledFile, Key: string): Promise<boolean> {
      const from = joined.get(file.spoolKey);
      if (from === undefined) return false;
      const CopySource = `${Bucket}/${from}`.split('/').map(encodeURIComponent).join('/');
      if (file.size > copyBytes) await copyInParts(CopySource, { Bucket, Key }, file.size);
      else await client.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
      return true;
    },
    forget: (file: SpooledFile) => joined.delete(file.spoolKey),
    /** Removes objects of uploads that ended while somebody was still writing to them. */
    removeLeftBehind: () => removeBelow(folder, (at) => at !== undefined && Date.now() - at.getTime() > LEFT_BEHIND_MS),
  };
}

/** Makes the bucket refuse bytes that differ from those that were hashed on arrival. */
function signHash<T extends UploadPartCommand | PutObjectCommand>(command: T, { sha256 }: SpooledFile): T {
  const stack = command.middlewareStack as UploadPartCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build', name: 'signHash' },
  );
  return command;
}

/** How providers report that a multipart upload is already joined or removed. */
const isGone = (error: unknown) => error instanceof Error && (error.name === 'NoSuchUpload' || error.name === 'NoSuchKey');

/** Whether the same request may succeed a moment later: the network failed, or the bucket has an internal problem. */
function mayPass(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined || status === 429 || status >= 500;
}
