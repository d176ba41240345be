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

export interface Storage {
  /**
   * Streams a source to a temporary key while hashing it, with backpressure. Removes what it wrote where it fails.
   * @throws TooLargeError as soon as more than `maxBytes` came; StorageFullError where the disk is full; whatever the source throws.
   */
  spool(source: Readable, options: { maxBytes: number }): Promise<SpooledFile>;
  /** Moves a spooled file to its final key (letters, digits, `.`, `_`, `-`), durably; replaces what was there, at once. */
  commit(file: SpooledFile, key: string): Promise<void>;
  /** Removes a spooled file that was not committed; no error where it is gone. */
  discard(file: SpooledFile): Promise<void>;
  /** Lends the stored or spooled bytes as a local file, for ffmpeg to read: the path is good until `use` settles. */
  withLocalFile<T>(key: string | SpooledFile, use: (path: string) => Promise<T>): Promise<T>;
  /** Bytes `start` to `end`, both included, of stored or spooled bytes. A missing file is an error of the stream. */
  read(key: string | SpooledFile, range?: { start: number; end: number }): Readable;
  /** Removes stored bytes; no error where they are gone. */
  remove(key: string): Promise<void>;
  /** Removes spooled files that killed processes left behind, never those of a living one. Call before serving. */
  sweep(): Promise<void>;
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
