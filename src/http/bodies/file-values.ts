import { randomUUID } from 'node:crypto';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { SpooledFile } from '../../adapters/storage/storage.ts';
import { Base64Error } from '../../encoding/base64-decoder.ts';
import { DataUrlDecoder } from '../../encoding/data-url.ts';
import { invalidField } from '../../errors.ts';
import { PushStream } from './push-stream.ts';
import { explainSpoolError } from './uploaded-file.ts';

/** A repeated member replaces the first, as in JSON.parse, but each one costs a file. */
const MAX_FILES = 32;

interface FileValue {
  path: string;
  /** The name used in errors: the first name of its path. */
  field: string;
  /** Replaces it in the JSON. Unguessable, so that no client can write it. */
  marker: string;
  decoder: DataUrlDecoder;
  stream: PushStream;
  spooled: Promise<SpooledFile>;
}

export interface DecodedFile {
  file: SpooledFile;
  marker: string;
  mediaType: string | undefined;
}

/** Decodes and spools the base64 strings of one JSON body while they arrive. */
export class FileValues {
  readonly #scope: SpoolScope;
  readonly #maxBytes: Map<string, number>;
  readonly #nonce = randomUUID();
  readonly #newest = new Map<string, FileValue>();
  readonly #all: FileValue[] = [];
  readonly #dropped: Promise<void>[] = [];
  readonly #failure = new AbortController();
  #current: FileValue | undefined;

  constructor(scope: SpoolScope, maxBytes: Map<string, number>) {
    this.#scope = scope;
    this.#maxBytes = maxBytes;
  }

  /** Returns the marker. */
  open(path: string): string {
    const field = path.split('.')[0] ?? path;
    if (this.#all.length === MAX_FILES) throw invalidField(field, 'Given too many times');
    const former = this.#newest.get(path);
    if (former) this.#drop(former);

    const stream = new PushStream();
    const spooled = this.#spool(field, stream, this.#maxBytes.get(path) ?? 0);
    const value = {
      path,
      field,
      marker: `${this.#nonce}:${this.#all.length}`,
      decoder: new DataUrlDecoder((bytes) => stream.write(bytes)),
      stream,
      spooled,
    };
    this.#newest.set(path, value);
    this.#all.push(value);
    this.#current = value;
    return value.marker;
  }

  write(text: string): void {
    this.#decode(({ decoder }) => decoder.write(text));
  }

  close(): void {
    this.#decode(({ decoder, stream }) => {
      decoder.end();
      stream.end();
    });
    this.#current = undefined;
  }

  /** Aborted when a file cannot be stored. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Settles once more may be written. Undefined if it may be written now. */
  room(): Promise<void> | undefined {
    return this.#current?.stream.room();
  }

  /** The last file of each path, once all are stored. */
  async finish(): Promise<Map<string, DecodedFile>> {
    const files = new Map<string, DecodedFile>();
    for (const { path, spooled, marker, decoder } of this.#newest.values()) {
      files.set(path, { file: await spooled, marker, mediaType: decoder.mediaType });
    }
    return files;
  }

  /** Ends the files that are still arriving. Stored ones belong to the scope. */
  async abort(): Promise<void> {
    for (const { stream } of this.#all) stream.destroy();
    await Promise.allSettled(this.#all.map(({ spooled }) => spooled));
    await Promise.allSettled(this.#dropped);
  }

  #spool(field: string, stream: PushStream, maxBytes: number): Promise<SpooledFile> {
    const spooled = this.#scope.spool(stream, { maxBytes, releaseChunks: true }).catch((error: unknown) => {
      throw explainSpoolError(field, error);
    });
    spooled.catch((error: unknown) => this.#failure.abort(error));
    return spooled;
  }

  #drop({ spooled }: FileValue): void {
    const dropped = spooled.then((file) => this.#scope.discard(file));
    dropped.catch(() => {}); // the scope tries again later
    this.#dropped.push(dropped);
  }

  #decode(act: (value: FileValue) => void): void {
    const value = this.#current;
    if (!value) return;
    try {
      act(value);
    } catch (error) {
      throw error instanceof Base64Error ? invalidField(value.field, 'Not valid base64', { cause: error }) : error;
    }
  }
}
