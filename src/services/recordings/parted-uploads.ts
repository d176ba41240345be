import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import type { PartStorage, SpooledFile, Storage, StoredPart } from '../../adapters/storage/storage.ts';
import { StreamSplitter } from '../../async/stream-splitter.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Prisma, Upload } from '../../generated/prisma/client.ts';

/** Minimum size of parts, unless the file is smaller: few requests, and little to send again after a crash. */
const PART_BYTES = 8 * 1024 * 1024;

interface Dependencies {
  db: Database['prisma'];
  /** Holds the bytes of a part until they are in the bucket. */
  storage: Storage;
  parts: PartStorage;
  /** Maximum size of an upload. */
  maxBytes: number;
}

/**
 * Incomplete uploads are kept in a bucket, so that any server can continue them. A row says which bytes are safe: those whose
 * part, or the tail after the last part, is in the bucket and named by the row. A writer either adds to the state that it read
 * or changes nothing, so that two servers at once, or one that was killed, do no harm.
 */
export function createPartedUploads({ db, storage, parts, maxBytes }: Dependencies) {
  async function find(id: string): Promise<Upload> {
    const row = await db.upload.findUnique({ where: { id } });
    if (!row) throw notFound('Upload');
    return row;
  }

  const idsWhere = async (where: Prisma.UploadWhereInput) =>
    (await db.upload.findMany({ where, select: { id: true } })).map(({ id }) => id);

  /** @throws AppError `conflict` if another request has added to it in the meantime. */
  async function advance(row: Upload, received: number, change: { parts?: StoredPart[]; tail: string | null; tailBytes: number }) {
    const data = { parts: listOf(row), ...change, received: BigInt(received) };
    const { count } = await db.upload.updateMany({ where: { id: row.id, received: row.received, tail: row.tail }, data });
    if (count !== 1) throw new AppError('conflict', 'Another request has continued this upload');
    // If this fails, the rest is removed with the upload.
    if (row.tail) await parts.removeTail(row.id, row.tail).catch(() => {});
    return { ...row, ...data };
  }

  async function addPart(row: Upload, file: SpooledFile, received: number): Promise<Upload> {
    const { nextPart } = await db.upload.update({
      where: { id: row.id },
      data: { nextPart: { increment: 1 } },
      select: { nextPart: true },
    });
    const number = nextPart - 1;
    const etag = await parts.putPart(named(row), number, file);
    return advance(row, received, { parts: [...listOf(row), { number, etag }], tail: null, tailBytes: 0 });
  }

  async function putTail(row: Upload, file: SpooledFile, received: number): Promise<Upload> {
    const tail = await parts.putTail(row.id, file);
    try {
      return await advance(row, received, { tail, tailBytes: file.size });
    } catch (error) {
      if (error instanceof AppError) await parts.removeTail(row.id, tail).catch(() => {});
      throw error;
    }
  }

  /** Half of the part numbers are reserved for parts that are lost or cut short. */
  const partBytesOf = ({ size }: Upload) => Math.max(PART_BYTES, Math.ceil((Number(size ?? maxBytes) * 2) / parts.maxParts));

  async function* afterTail({ id, tail }: Upload, source: Readable): AsyncGenerator<Buffer> {
    if (tail) yield* parts.readTail(id, tail) as AsyncIterable<Buffer>;
    yield* source as AsyncIterable<Buffer>;
  }

  return {
    find,

    /** @param size bytes; null if not known yet. */
    async begin({ id, size, metadata }: { id: string; size: number | null; metadata: Record<string, string | null> }): Promise<Upload> {
      // The row first, so that everything that the bucket starts is known.
      await db.upload.create({ data: { id, metadata, size: size === null ? null : BigInt(size) } });
      return db.upload.update({ where: { id }, data: { bucketId: await parts.begin(id) } });
    },

    /** Adds the source part by part. Returns the number of safe bytes. An incomplete part counts once the source ends. */
    async append(id: string, source: Readable): Promise<number> {
      let row = await find(id);
      const pieces = new StreamSplitter(afterTail(row, source));
      const maxPart = partBytesOf(row);
      while (!pieces.ended) {
        const file = await storage.spool(pieces.next(maxPart), { maxBytes: maxPart });
        try {
          const received = Number(row.received) - row.tailBytes + file.size;
          const isLast = received === Number(row.size ?? NaN);
          if (file.size === 0 || (file.size === row.tailBytes && !isLast)) break;
          row = await (isLast || file.size >= parts.minPartBytes ? addPart : putTail)(row, file, received);
        } finally {
          await storage.discard(file);
        }
      }
      return Number(row.received);
    },

    async declareSize(id: string, size: number): Promise<void> {
      await db.upload.update({ where: { id }, data: { size: BigInt(size) } });
    },

    /** The bytes of a complete upload; its parts are joined in the bucket first. */
    async spool(id: string): Promise<SpooledFile> {
      const row = await find(id);
      const list = listOf(row);
      if (list.length === 0) return storage.spool(Readable.from([]), { maxBytes });
      await parts.join(named(row), list);
      const file = await storage.spool(parts.read(id), { maxBytes });
      parts.holds(file, id);
      return file;
    },

    async remove(id: string): Promise<void> {
      const row = await find(id);
      await parts.remove({ name: id, bucketId: row.bucketId });
      await db.upload.deleteMany({ where: { id } });
    },

    all: (): Promise<Upload[]> => db.upload.findMany(),

    completeIds: () => idsWhere({ size: { equals: db.upload.fields.received } }),

    /** Uploads that are still incomplete this long after their start. */
    incompleteIds: (begunBefore: Date) =>
      idsWhere({ createdAt: { lt: begunBefore }, OR: [{ size: null }, { size: { not: { equals: db.upload.fields.received } } }] }),
  };
}

export type PartedUploads = ReturnType<typeof createPartedUploads>;

const listOf = ({ parts }: Upload) => parts as unknown as StoredPart[];

function named({ id: name, bucketId }: Upload): { name: string; bucketId: string } {
  if (bucketId === null) throw new Error('an upload was not started in the bucket');
  return { name, bucketId };
}
