const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, COLON, COMMA] = [...Buffer.from('{}[]:,')];
const ESCAPE = /\\(u.{4}|.)/gs;
/** An escape that a chunk's end cuts. */
const CUT_ESCAPE = /\\(?:u.{0,3})?$/s;
const LONGEST_CUT_ESCAPE = String.raw`\u000`.length;
/** Those that base64 is full of, and white space. */
const ESCAPES: Record<string, string | undefined> = {
  '/': '/',
  u002B: '+',
  u002b: '+',
  u002F: '/',
  u002f: '/',
  n: '',
  r: '',
  t: '',
  f: '',
};
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
  #escaped = false;
  /** The start of an escape whose end comes with the next chunk. */
  #cutEscape = '';

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
      if (this.#escaped) this.#escaped = false;
      else if (chunk[at] === BACKSLASH) this.#escaped = true;
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
    const quote = chunk.indexOf(QUOTE, from);
    const end = quote === -1 ? chunk.length : quote;
    const piece = chunk.toString('latin1', from, end);
    const text = this.#cutEscape === '' ? piece : this.#cutEscape + piece;
    // Before the quote nothing is cut: a backslash there escapes it, which no base64 does.
    const cut = quote === -1 ? (CUT_ESCAPE.exec(text.slice(-LONGEST_CUT_ESCAPE))?.[0].length ?? 0) : 0;
    const whole = cut === 0 ? text : text.slice(0, -cut);
    this.#cutEscape = text.slice(whole.length);
    this.#handlers.piece(unescape(whole));
    if (quote === -1) return end;
    this.#handlers.close();
    this.#state = 'outside';
    return quote + 1;
  }
}

/** In one pass, since some senders escape every slash. A lone backslash stays, and is no base64. */
const unescape = (text: string) =>
  text.includes('\\') ? text.replace(ESCAPE, (_, escape: string) => ESCAPES[escape] ?? unescapeUnicode(escape)) : text;

function unescapeUnicode(escape: string): string {
  const character = /^u00[0-7][\da-f]$/i.test(escape) ? String.fromCharCode(Number.parseInt(escape.slice(1), 16)) : FOREIGN;
  return character.trim();
}

function unescapeName(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined; // not JSON, as the parser of the whole will say
  }
}
