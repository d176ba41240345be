const CR = 0x0d;
const CRLF = Buffer.from('\r\n');
const CRLF_DASHES = Buffer.from('\r\n--');
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const CLOSING = '--';
const NOTHING = Buffer.alloc(0);
/** The same as Node's limit for the headers of a request. */
const MAX_HEAD_BYTES = 16 * 1024;
/** White space between a delimiter and the end of its line (RFC 2046 section 5.1.1). We have never seen a gateway that sends any. */
const MAX_PADDING_BYTES = 64;
const LINE_AFTER_DELIMITER = /^[ \t]*\r\n/;
/** The start of it, or of the text that closes the body. */
const CUT_LINE = /^(?:-|[ \t]*\r?)$/;

export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

export interface PartScanHandlers {
  /** A part begins: its headers, without the end of the last line. The bytes are only valid during the call. */
  head(block: Buffer): void;
  /** The content of the part, piece by piece. */
  data(bytes: Buffer): void;
  /** The content of the part is complete. */
  end(): void;
}

/**
 * Splits a multipart body (RFC 2046 section 5.1.1, RFC 7578) that arrives in chunks split anywhere. Everything before the first
 * and after the last delimiter is skipped. Pieces of content are slices of the chunks: only undecided bytes at the end of a
 * chunk are copied.
 */
export class MultipartScanner {
  readonly #handlers: PartScanHandlers;
  readonly #delimiter: Buffer;
  #state: 'preamble' | 'delimiter' | 'head' | 'content' | 'epilogue' = 'preamble';
  /** Bytes that cannot be interpreted without the following ones. Starts with CRLF, because the first delimiter needs no line before it. */
  #undecided: Buffer = CRLF;
  /** Bytes of the empty line after a part's headers: no content, but possibly the start of a delimiter. */
  #emptyLine = 0;

  /** @param boundary from the Content-Type, in Latin-1 */
  constructor(boundary: string, handlers: PartScanHandlers) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#handlers = handlers;
  }

  /** Whether the closing delimiter has arrived. Without it the body is truncated. */
  get isComplete(): boolean {
    return this.#state === 'epilogue';
  }

  /** @throws MultipartError */
  push(chunk: Buffer): void {
    const bytes = this.#undecided.length > 0 ? Buffer.concat([this.#undecided, chunk]) : chunk;
    this.#undecided = NOTHING;
    for (let at = 0; at < bytes.length && !this.isComplete;) at = this.#step(bytes, at);
  }

  /** Returns where to continue; keeps the undecided bytes. */
  #step(bytes: Buffer, at: number): number {
    if (this.#state === 'delimiter') return this.#afterDelimiter(bytes, at);
    if (this.#state === 'head') return this.#head(bytes, at);
    return this.#untilDelimiter(bytes, at);
  }

  #untilDelimiter(bytes: Buffer, at: number): number {
    const isContent = this.#state === 'content';
    // Searching for its first four bytes is twice as fast as for all of it.
    const candidate = bytes.indexOf(CRLF_DASHES, at);
    const found = candidate === -1 ? -1 : bytes.indexOf(this.#delimiter, candidate);
    const end = found === -1 ? this.#cutDelimiter(bytes, at) : found;
    const start = at + this.#emptyLine;
    if (found !== -1 || end > at) this.#emptyLine = 0;
    if (isContent && end > start) this.#handlers.data(bytes.subarray(start, end));
    if (found === -1) return this.#keep(bytes, end);
    if (isContent) this.#handlers.end();
    this.#state = 'delimiter';
    return found + this.#delimiter.length;
  }

  /** Start of a delimiter that the end of the chunk may have cut; the chunk's length if there is none. */
  #cutDelimiter(bytes: Buffer, from: number): number {
    let at = bytes.indexOf(CR, Math.max(from, bytes.length - this.#delimiter.length + 1));
    while (at !== -1 && this.#delimiter.compare(bytes, at, bytes.length, 0, bytes.length - at) !== 0) at = bytes.indexOf(CR, at + 1);
    return at === -1 ? bytes.length : at;
  }

  #afterDelimiter(bytes: Buffer, at: number): number {
    const text = bytes.toString('latin1', at, at + MAX_PADDING_BYTES);
    if (text.startsWith(CLOSING)) {
      this.#state = 'epilogue';
      return bytes.length;
    }
    const [line] = LINE_AFTER_DELIMITER.exec(text) ?? [];
    if (line !== undefined) {
      this.#state = 'head';
      return at + line.length;
    }
    // This cannot be content: senders choose a boundary that does not occur in it, and continuing would silently truncate a file.
    if (text.length === MAX_PADDING_BYTES || !CUT_LINE.test(text)) throw new MultipartError('other text follows a delimiter');
    return this.#keep(bytes, at);
  }

  #head(bytes: Buffer, at: number): number {
    const isEmpty = bytes.length - at >= CRLF.length && bytes.compare(CRLF, 0, CRLF.length, at, at + CRLF.length) === 0;
    const end = isEmpty ? at - CRLF.length : bytes.indexOf(END_OF_HEAD, at);
    const length = (end === -1 ? bytes.length : end) - at;
    if (length > MAX_HEAD_BYTES) throw new MultipartError('the headers of a part are too long');
    if (end === -1) return this.#keep(bytes, at);
    this.#handlers.head(bytes.subarray(at, Math.max(at, end)));
    this.#state = 'content';
    this.#emptyLine = CRLF.length;
    return end + CRLF.length;
  }

  #keep(bytes: Buffer, from: number): number {
    this.#undecided = bytes.subarray(from);
    return bytes.length;
  }
}
