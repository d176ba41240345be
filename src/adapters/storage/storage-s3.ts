import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { StartupError } from '../../errors.ts';
import { createLocalCopies } from './local-copies.ts';
import { createS3Parts } from './storage-s3-parts.ts';
import { safeName, type SpooledFile, type Storage } from './storage.ts';
import { handOverPieces } from './stored-pieces.ts';

const MB = 1024 * 1024;
/** Allows files up to 160 GB; two parts per upload are in memory. */
const PART_BYTES = 16 * MB;
const PARTS_AT_ONCE = 2;
/** Multipart uploads that are still incomplete after this time are removed. */
const ABANDONED_MS = 48 * 3_600_000;
/** Validity of a signed URL: long enough for a player to fetch its next range. */
const SIGNED_SECONDS = 3_600;

export interface S3Options {
  bucket: string;
  /** Prefix of every key, such as `exams/`. */
  prefix: string;
  region: string;
  /** Endpoint of an S3-compatible provider; undefined for AWS. */
  endpoint: string | undefined;
  /** If undefined, they come from the environment, a profile or the machine's role. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Puts the bucket in the path instead of the host name, as most providers other than AWS require. */
  forcePathStyle: boolean;
  /** Whether downloads are redirected to the bucket. */
  redirectDownloads: boolean;
  /** Larger files of finished uploads are copied within the bucket in parts of this size; default: 1 GB. */
  copyBytes?: number;
}

/**
 * Keeps files in an S3-compatible bucket. Spooled files are on the local disk, where ffmpeg can read them; a commit sends them to
 * the bucket in parts and is durable when the bucket has confirmed all parts.
 * @param spool holds spooled files.
 * @param workFolder for copies that ffmpeg reads.
 */
export function createS3Storage(options: S3Options, { spool, workFolder }: { spool: Storage; workFolder: string }): Storage {
  const { bucket: Bucket, prefix, region, endpoint, credentials, forcePathStyle, redirectDownloads } = options;
  const client = new S3Client({
    region,
    forcePathStyle,
    ...(endpoint && { endpoint }),
    ...(credentials && { credentials }),
    // Other providers do not support the checksums that AWS added later.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const copies = createLocalCopies(workFolder);
  const within = createS3Parts({ client, bucket: Bucket, prefix, spool, copyBytes: options.copyBytes });
  const objectOf = (key: string) => ({ Bucket, Key: prefix + safeName(key) });

  async function* bytesOf(key: string, range?: { start: number; end: number }): AsyncGenerator<Uint8Array> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    const { Body } = await client.send(new GetObjectCommand({ ...objectOf(key), Range }));
    if (!(Body instanceof Readable)) throw new Error('the bucket answered without a stream');
    yield* Body as AsyncIterable<Uint8Array>;
  }
  const readStored = (key: string, range?: { start: number; end: number }) => {
    safeName(key);
    return Readable.from(bytesOf(key, range), { objectMode: false, highWaterMark: MB });
  };

  async function discard(file: SpooledFile): Promise<void> {
    within.forget(file);
    await spool.discard(file);
  }

  async function send(file: SpooledFile, key: string): Promise<void> {
    const Body = spool.read(file);
    try {
      const params = { ...objectOf(key), Body, ContentType: 'application/octet-stream' };
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
    } finally {
      Body.destroy();
    }
  }

  async function abortAbandoned(): Promise<void> {
    // One page of a thousand; the next start finds the next ones.
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
    for (const { Key, UploadId, Initiated } of Uploads) {
      if (Initiated && Date.now() - Initiated.getTime() > ABANDONED_MS) {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
      }
    }
  }

  return {
    parts: within.parts,
    spool: (source, limits) => spool.spool(source, limits),

    async commit(file, key) {
      if (!(await within.commitWithin(file, objectOf(key).Key))) await send(file, key);
      await discard(file);
    },

    discard,
    withLocalFile: (key, use) => (typeof key === 'string' ? copies.lend(key, () => readStored(key), use) : spool.withLocalFile(key, use)),
    read: (key, range) => (typeof key === 'string' ? readStored(key, range) : spool.read(key, range)),
    handOver: (key, range, take) => handOverPieces(bytesOf(key, range), take),
    async remove(key) {
      await client.send(new DeleteObjectCommand(objectOf(key)));
    },

    async signedUrl(key, { contentType, disposition }) {
      if (!redirectDownloads) return null;
      const command = new GetObjectCommand({
        ...objectOf(key),
        ResponseContentType: contentType,
        ResponseContentDisposition: disposition,
      });
      return getSignedUrl(client, command, { expiresIn: SIGNED_SECONDS });
    },

    async sweep() {
      try {
        await client.send(new HeadBucketCommand({ Bucket }));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.name : String(cause);
        throw new StartupError(`Cannot use the bucket ${Bucket}: ${reason}. See the settings that begin with S3_`, { cause });
      }
      await spool.sweep();
      await copies.sweep();
      await within.removeLeftBehind();
      // Not every provider can list them; those that cannot remove them by a rule.
      await abortAbandoned().catch((error: { $metadata?: { httpStatusCode?: number } }) => {
        if (error.$metadata?.httpStatusCode !== 501) throw error;
      });
    },
  };
}
