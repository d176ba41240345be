const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, COLON, COMMA] = [...Buffer.from('{}[]:,')];
const ESCAPES: Record<string, string> = { '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
/** Stands for what can be no part of base64 nor of a data URL. */
const FOREIGN = '\0';

export interface ScanHandlers {
  /** JSON as it is, but for the strings that are asked for. The bytes are of use during the call only. */
  text(bytes: Buffer): void;
  /** A string that is asked for begins. */
  open(path: string): void;
  /** A piece of it: Latin-1, unescaped, without escaped white space. */
  piece(text: string): void;
  close(): void;
}

/**
 * Finds the strings at some paths (`webcam.data`: member `data` of the root's member `webcam`; names in ASCII) in JSON
 * that comes in chunks cut anywhere. It takes strings and brackets apart and no more: whether all of it is JSON shows when
 * what `text` was given is parsed, with any string put in place of each that was taken out.
 */
export class JsonScanner {
  readonly #handlers: ScanHandlers;
  readonly #paths: { path: string; names: string[] }[];
  readonly #maxDepth: number;
  #state: 'outside' | 'string' | 'file' = 'outside';
  #depth = 0;
  /** Of depth 1 to the deepest that matters: whether it is an object, and its member that comes now. */
  readonly #isObject: boolean[] = [];
  readonly #names: (string | undefined)[] = [];
  #nameIsNext = false;
  /** The member name under way, in Latin-1. */
  #name: string | undefined;
  /** An escape under way; it may be cut by a chunk's end. */
  #escape = '';

  constructor(paths: string[], handlers: ScanHandlers) {
    this.#handlers = handlers;
    this.#paths = paths.map((path) => ({ path, names: path.split('.') }));
    this.#maxDepth = Math.max(0, ...this.#paths.map(({ names }) => names.length));
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'outside') at = this.#outside(chunk, at);
      else if (this.#state === 'string') at = this.#inString(chunk, at);
      else at = this.#inFile(chunk, at);
    }
  }

  #outside(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) return this.#startString(chunk, from, at);
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#enter(byte === OPEN_OBJECT);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#depth = Math.max(0, this.#depth - 1);
      else if (byte === COMMA) this.#nameIsNext = this.#matters() && this.#isObject[this.#depth] === true;
      else if (byte === COLON) this.#nameIsNext = false;
    }
    this.#handlers.text(chunk.subarray(from));
    return chunk.length;
  }

  #matters = () => this.#depth > 0 && this.#depth <= this.#maxDepth;

  #enter(isObject: boolean): void {
    this.#depth++;
    this.#nameIsNext = isObject && this.#matters();
    if (!this.#matters()) return;
    this.#isObject[this.#depth] = isObject;
    this.#names[this.#depth] = undefined;
  }

  #startString(chunk: Buffer, from: number, quote: number): number {
    const path = this.#nameIsNext ? undefined : this.#pathHere();
    this.#state = path === undefined ? 'string' : 'file';
    this.#name = this.#nameIsNext ? '' : undefined;
    this.#handlers.text(chunk.subarray(from, path === undefined ? quote + 1 : quote));
    if (path !== undefined) this.#handlers.open(path);
    return quote + 1;
  }

  #pathHere(): string | undefined {
    if (!this.#matters()) return undefined;
    return this.#paths.find(({ names }) => names.length === this.#depth && names.every((name, i) => name === this.#names[i + 1]))?.path;
  }

  #inString(chunk: Buffer, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      if (this.#escape !== '') this.#escape = '';
      else if (chunk[at] === BACKSLASH) this.#escape = '\\';
      else if (chunk[at] === QUOTE) break;
    }
    if (this.#name !== undefined) this.#name += chunk.toString('latin1', from, at);
    if (at === chunk.length) {
      this.#handlers.text(chunk.subarray(from));
      return at;
    }
    this.#handlers.text(chunk.subarray(from, at + 1));
    if (this.#name !== undefined) this.#names[this.#depth] = unescapeName(this.#name);
    this.#state = 'outside';
    return at + 1;
  }

  #inFile(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#escape !== '') at = this.#readEscape(chunk, at);
    // Looked for once: some senders escape every slash, and a search for each of them would read the chunk over and over.
    let quote = chunk.indexOf(QUOTE, at);
    if (quote === -1) quote = chunk.length;
    while (at < quote) {
      let stop = chunk.indexOf(BACKSLASH, at);
      if (stop === -1 || stop > quote) stop = quote;
      if (stop > at) this.#handlers.piece(chunk.toString('latin1', at, stop));
      at = stop === quote ? stop : this.#readEscape(chunk, stop);
      if (at > quote) return at; // past an escaped quote
    }
    if (at === chunk.length) return at;
    this.#handlers.close();
    this.#state = 'outside';
    return at + 1;
  }

  /** Takes up or begins an escape, and gives the index after it. */
  #readEscape(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && !isWhole(this.#escape)) this.#escape += String.fromCharCode(chunk[at++] ?? 0);
    if (!isWhole(this.#escape)) return at;
    const character = unescape(this.#escape);
    this.#escape = '';
    if (!/\s/.test(character)) this.#handlers.piece(character);
    return at;
  }
}

const isWhole = (escape: string) => escape.length === (escape[1] === 'u' ? 6 : 2);

function unescape(escape: string): string {
  if (escape[1] !== 'u') return ESCAPES[escape[1] ?? ''] ?? FOREIGN;
  const code = /^\\u00[0-7][0-9a-f]$/i.test(escape) ? Number.parseInt(escape.slice(2), 16) : 0;
  return String.fromCharCode(code);
}

function unescapeName(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined; // not JSON, as the parser of the whole will say
  }
}
