import type { Readable } from 'node:stream';

/** Bytes that wait under a temporary key until their request is found good. */
export interface SpooledFile {
  /** Opaque to all but the storage. */
  readonly spoolKey: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal, of all bytes. */
  readonly sha256: string;
  /** Up to the first 4,096 bytes, to sniff the container. */
  readonly head: Uint8Array;
}

/** A part of an upload as the bucket names it. */
export type StoredPart = { number: number; etag: string };

/**
 * Uploads in parts, each under a name of its own (as a key), that any server goes on with. It keeps no account of them:
 * which parts there are is for the caller to know.
 */
export interface PartStorage {
  /** All but the last part must have as many bytes. */
  readonly minPartBytes: number;
  /** The highest number of a part. */
  readonly maxParts: number;
  /** Gives the bucket's own name of a new upload. */
  begin(name: string): Promise<string>;
  /** Sends a part, durably, and gives its ETag. Numbers rise in the order of the file; what was sent as the same number before is replaced. */
  putPart(upload: { name: string; bucketId: string }, number: number, file: SpooledFile): Promise<string>;
  /** Keeps bytes that are too few for a part, durably, and gives the name by which they are read again. */
  putTail(name: string, file: SpooledFile): Promise<string>;
  readTail(name: string, tail: string): Readable;
  removeTail(name: string, tail: string): Promise<void>;
  /** Makes one object of the parts; no error where that was done before. */
  join(upload: { name: string; bucketId: string }, parts: readonly StoredPart[]): Promise<void>;
  /** The joined bytes. */
  read(name: string): Readable;
  /** Tells that a spooled file has the joined bytes of an upload: its commit then copies them within the bucket. */
  holds(file: SpooledFile, name: string): void;
  /** Removes all of an upload, joined or not; no error where it is gone. */
  remove(upload: { name: string; bucketId: string | null }): Promise<void>;
}

export interface SpoolOptions {
  maxBytes: number;
  /** Nobody else needs the source's chunks: their memory is used again as soon as they are written. */
  releaseChunks?: boolean;
}

/** Is done with a piece when it calls `next`: for the following one, or with an error for none. */
export type TakePiece = (piece: Uint8Array, next: (failure?: Error | null) => void) => void;

export interface Storage {
  /** For unfinished uploads; without it they lie on this machine's disk alone. */
  readonly parts?: PartStorage;
  /**
   * Streams a source to a temporary key while hashing it, with backpressure. Removes what it wrote where it fails.
   * @throws TooLargeError as soon as more than `maxBytes` came; StorageFullError where the disk is full; whatever the source throws.
   */
  spool(source: Readable, options: SpoolOptions): Promise<SpooledFile>;
  /** Moves a spooled file to its final key (letters, digits, `.`, `_`, `-`), durably; replaces what was there, at once. */
  commit(file: SpooledFile, key: string): Promise<void>;
  /** Removes a spooled file that was not committed; no error where it is gone. */
  discard(file: SpooledFile): Promise<void>;
  /** Lends the stored or spooled bytes as a local file, for ffmpeg to read: the path is good until `use` settles. */
  withLocalFile<T>(key: string | SpooledFile, use: (path: string) => Promise<T>): Promise<T>;
  /** Bytes `start` to `end`, both included, of stored or spooled bytes. A missing file is an error of the stream. */
  read(key: string | SpooledFile, range?: { start: number; end: number }): Readable;
  /**
   * As `read` of stored bytes, in pieces whose memory is used again, which saves half of the processor's work. Resolves when
   * all of them were taken. @throws before the first piece where the file is missing; what `next` was given
   */
  handOver(key: string, range: { start: number; end: number }, take: TakePiece): Promise<void>;
  /** An address that opens stored bytes by itself for a while, where the storage has one and is set to tell it. */
  signedUrl(key: string, response: { contentType: string; disposition: string }): Promise<string | null>;
  /** Removes stored bytes; no error where they are gone. */
  remove(key: string): Promise<void>;
  /**
   * Removes what killed processes left behind, never what belongs to a living one. Call before serving.
   * @throws StartupError where the settings do not fit what is stored.
   */
  sweep(): Promise<void>;
}

const SAFE_NAME = /^[0-9A-Za-z][\w.-]{0,199}$/;

/** Keys are made by this program; one that could leave its folder is a bug of ours. */
export function safeName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new Error(`not a storage key: ${JSON.stringify(name)}`);
  return name;
}

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
}
