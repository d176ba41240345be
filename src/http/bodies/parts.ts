import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { type AppError, invalidField } from '../../errors.ts';
import { BoundedBytes, fieldTooLarge, readChunks, truncatedBody } from './body.ts';
import { MultipartError, MultipartScanner } from './multipart-scanner.ts';
import { boundaryOf, parsePartHead, type PartHead } from './part-head.ts';
import { PushStream } from './push-stream.ts';

export type PartInfo = Pick<PartHead, 'filename' | 'mimeType' | 'encoding' | 'charset'>;

export interface PartHandlers {
  /** Throwing ends the reading. */
  field(name: string, value: string): void;
  /** Must consume or destroy the stream; its rejection ends the reading. */
  file(name: string, stream: Readable, info: PartInfo): Promise<void>;
}

export interface PartLimits {
  /** Maximum bytes of a text field. */
  maxFieldBytes: number;
  maxFields: number;
  maxFiles: number;
}

/**
 * Passes the parts of a multipart/form-data body to `handlers` while they arrive. Resolves when all of them are done.
 * After an error nothing more of the request is read, but its socket can still be used for an answer.
 * @throws AppError `invalid_request` for a malformed, truncated or too long body; any error from a handler
 */
export async function readParts(req: IncomingMessage, limits: PartLimits, handlers: PartHandlers): Promise<void> {
  const boundary = boundaryOf(req.headers['content-type']);
  if (boundary === undefined) throw malformed(new MultipartError('no boundary'));
  const parts = new Parts(limits, handlers);
  const scanner = new MultipartScanner(boundary, parts);
  try {
    const take = (chunk: Buffer) => {
      scanner.push(chunk);
      return parts.room();
    };
    await readChunks(req, take, { signal: parts.failed });
    if (!scanner.isComplete) throw truncatedBody(new MultipartError('no closing delimiter'));
    await parts.finish();
  } catch (error) {
    throw error instanceof MultipartError ? malformed(error) : error;
  } finally {
    await parts.dispose();
  }
}

/** A part that is being read. */
interface OpenPart {
  write(bytes: Buffer): void;
  end(): void;
  room?(): Promise<void> | undefined;
}

const SKIPPED: OpenPart = { write() {}, end() {} };

/** The parts of one body, one after the other. */
class Parts {
  readonly #limits: PartLimits;
  readonly #handlers: PartHandlers;
  readonly #failure = new AbortController();
  readonly #files: { stream: PushStream; handled: Promise<void> }[] = [];
  #count = 0;
  #fields = 0;
  #current = SKIPPED;

  constructor(limits: PartLimits, handlers: PartHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
  }

  /** Aborted when a file's handler has failed. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  head(block: Buffer): void {
    const { maxFields, maxFiles } = this.#limits;
    if (++this.#count > maxFields + maxFiles) throw invalidField('body', 'Too many parts');
    const head = parsePartHead(block);
    if (!head) this.#current = SKIPPED;
    else if (head.isFile) this.#current = this.#openFile(head);
    else this.#current = this.#openField(head);
  }

  data(bytes: Buffer): void {
    this.#current.write(bytes);
  }

  end(): void {
    this.#current.end();
    this.#current = SKIPPED;
  }

  room(): Promise<void> | undefined {
    return this.#current.room?.();
  }

  async finish(): Promise<void> {
    await Promise.all(this.#files.map(({ handled }) => handled));
  }

  /** Ends the files that are still arriving. */
  async dispose(): Promise<void> {
    for (const { stream } of this.#files) if (!stream.readableEnded) stream.destroy();
    await Promise.allSettled(this.#files.map(({ handled }) => handled));
  }

  #openField({ name, charset }: PartHead): OpenPart {
    const { maxFields, maxFieldBytes } = this.#limits;
    if (++this.#fields > maxFields) throw invalidField('body', `More than ${maxFields} fields`);
    if (name === undefined) return SKIPPED;
    const bytes = new BoundedBytes(maxFieldBytes, () => fieldTooLarge(name, maxFieldBytes));
    return {
      write: (piece) => bytes.append(piece),
      end: () => this.#handlers.field(name, bytes.decode(charset)),
    };
  }

  #openFile(head: PartHead): OpenPart {
    const { maxFiles } = this.#limits;
    if (this.#files.length === maxFiles) throw invalidField('body', `More than ${maxFiles} files`);
    const stream = new PushStream();
    if (head.name === undefined) stream.resume();
    const handled = head.name === undefined ? Promise.resolve() : this.#handlers.file(head.name, stream, head);
    handled.catch((error: unknown) => this.#failure.abort(error));
    this.#files.push({ stream, handled });
    return stream;
  }
}

const malformed = (cause: unknown): AppError => invalidField('body', 'Not valid multipart/form-data', { cause });
