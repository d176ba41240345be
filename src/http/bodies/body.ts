import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { eachChunk, type EachChunkOptions, type TakeChunk } from '../../async/each-chunk.ts';
import { type AppError, formatLimit, invalidField } from '../../errors.ts';

/** Bytes that all bodies together may read per round; otherwise 2 MB are read from each socket before the next one gets its turn. */
const ROUND_BYTES = 1024 * 1024;
/** Minimum for one body per round. */
const LEAST_TURN_BYTES = 128 * 1024;
let bodies = 0;

const turnBytes = () => Math.max(LEAST_TURN_BYTES, ROUND_BYTES / bodies);

/**
 * Passes a body to `take` chunk by chunk; the next one is not read before `take` is done. If `take` throws, the rest stays
 * unread and the socket can still be used for an answer.
 * @throws AppError `invalid_request` if the client leaves before the end
 */
export async function readChunks(req: IncomingMessage, take: TakeChunk, { signal }: Pick<EachChunkOptions, 'signal'> = {}): Promise<void> {
  bodies++;
  try {
    await eachChunk(req, inTurns(take), { signal, explain: truncatedBody });
  } finally {
    bodies--;
  }
}

/** Takes the bytes of one turn, then lets the others have theirs. */
function inTurns(take: TakeChunk): TakeChunk {
  let left = turnBytes();
  return (chunk) => {
    left -= chunk.length; // first, because `take` may release it
    const taken = take(chunk) ?? (left > 0 ? undefined : setImmediate());
    if (taken) left = turnBytes();
    return taken;
  };
}

export const truncatedBody = (cause: unknown) => invalidField('body', 'The body ended before it was complete', { cause });

/**
 * A small body usually arrives with its headers and is complete by the time it is needed, so nobody has to wait.
 * Null if it is not complete yet, or if its length is unknown.
 */
export function takeArrived(req: IncomingMessage): Buffer | null {
  if (!req.complete || req.readableLength === 0 || req.readableLength !== Number(req.headers['content-length'])) return null;
  return req.read() as Buffer | null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws AppError `invalid_request` if it is not UTF-8 */
function decodeUtf8(bytes: Uint8Array, field: string): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw invalidField(field, 'Not valid UTF-8', { cause: error });
  }
}

/** @throws AppError `invalid_request` if it is not JSON in UTF-8 */
export function parseJson(bytes: Uint8Array, field = 'body'): unknown {
  const text = decodeUtf8(bytes, field);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalidField(field, 'Not valid JSON', { cause: error });
  }
}

/** Collects bytes. They are copied, because even a small slice would keep its whole chunk in memory. */
export class BoundedBytes {
  readonly #maxBytes: number;
  readonly #tooLarge: () => AppError;
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;

  /** @param tooLarge makes the error to throw above the limit */
  constructor(maxBytes: number, tooLarge = () => bodyTooLarge(maxBytes)) {
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /** @throws AppError `invalid_request` above the limit */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes) throw this.#tooLarge();
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** @throws AppError `invalid_request` if it is not JSON in UTF-8 */
  parseJson(): unknown {
    return parseJson(this.#bytes.subarray(0, this.#length));
  }

  /** @throws AppError `invalid_request` if it is not UTF-8 */
  utf8(): string {
    return decodeUtf8(this.#bytes.subarray(0, this.#length), 'body');
  }

  /** As text; as UTF-8 if the charset is unknown. */
  decode(charset: string): string {
    const bytes = this.#bytes.subarray(0, this.#length);
    try {
      return new TextDecoder(charset, { ignoreBOM: true }).decode(bytes);
    } catch {
      return bytes.toString();
    }
  }

  #grow(length: number): void {
    const bytes = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
  }
}

export const bodyTooLarge = (maxBytes: number) => invalidField('body', `Body exceeds the maximum allowed (${formatLimit(maxBytes)})`);

export const fieldTooLarge = (name: string, maxBytes: number) =>
  invalidField(name, `Field exceeds the maximum allowed (${formatLimit(maxBytes)})`);
