import { invalidField } from '../../errors.ts';
import { MAX_JSON_DEPTH } from '../../validation.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, COLON, COMMA] = [...Buffer.from('{}[]:,')];
const ESCAPE = /\\(u[\da-f]{4}|.)/gis;
/** Escape sequences of JSON. White space is dropped: base64 and data URLs may contain it anywhere. */
const ESCAPES: Record<string, string | undefined> = { '"': '"', '\\': '\\', '/': '/', n: '', r: '', t: '', f: '' };
const LETTERS_E: ReadonlySet<number> = new Set(Buffer.from('eE'));
const SIGNS: ReadonlySet<number> = new Set(Buffer.from('+-'));
const ZERO = 0x30;
const NINE = 0x39;
/** Digits that exponents may add to numbers: PostgreSQL writes them all out, 100,000 for nine characters. */
const MAX_EXPANSION = 1_000_000;
/** Names that may appear in errors. */
const PLAIN_NAME = /^[\w.-]{1,64}$/;
/** Stands for an invalid escape: the text is not JSON, and a control character is refused wherever it is. */
const INVALID = '\0';
/** Stands for characters outside of Latin-1, which data URLs may have in their parameters only. */
const FOREIGN = '\xff';
const WHITE_SPACE: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d]);

/** Limits of a scanned body, applied before it is parsed. */
export interface JsonLimits {
  /** Members of all objects plus elements of all arrays, except in raw values. */
  maxMembers: number;
  /** The name used in errors if this is a field of a body; otherwise they name the root's member. */
  field?: string;
}

export interface ScanHandlers {
  /** The JSON without the extracted values. The bytes are only valid during the call. */
  text(bytes: Buffer): void;
  /** A wanted string begins. */
  open(path: string): void;
  /** A piece of the string: Latin-1, unescaped, without escaped white space. Every other character was replaced by one that base64 does not have. */
  piece(text: string): void;
  close(): void;
  /** A wanted object begins, with its bracket. */
  openRaw(path: string): void;
  /** A piece of the object, unchanged. The bytes are only valid during the call. */
  rawPiece(bytes: Buffer): void;
}

/**
 * Extracts the strings and objects at some paths (`webcam.data`: member `data` of the root's member `webcam`; names in
 * ASCII) from JSON that arrives in chunks split anywhere, and enforces limits while it arrives. It only recognises strings and
 * brackets. Whether everything is valid JSON shows when the extracted values and the text given to `text` are parsed, with
 * any string in place of each extracted value.
 */
export class JsonScanner {
  readonly #handlers: ScanHandlers;
  readonly #limits: JsonLimits;
  readonly #paths: { path: string; names: string[]; isRaw: boolean }[];
  readonly #maxDepth: number;
  #state: 'outside' | 'string' | 'file' = 'outside';
  #depth = 0;
  #members = 0;
  /** Depth of the object being extracted; 0 if none is. */
  #rawDepth = 0;
  /** Exponent of the current number in a raw value; null before its `e`. */
  #exponent: number | null = null;
  #expansion = 0;
  /** For depth 1 to the deepest relevant one: whether it is an object, and the name of its current member. */
  readonly #isObject: boolean[] = [];
  readonly #names: (string | undefined)[] = [];
  #nameIsNext = false;
  /** The current member name, in Latin-1. */
  #name: string | undefined;
  #escaped = false;
  /** The start of an escape sequence that ends in the next chunk. */
  #cutEscape = '';

  constructor({ strings = [], raw = [] }: { strings?: string[]; raw?: string[] }, handlers: ScanHandlers, limits: JsonLimits) {
    this.#handlers = handlers;
    this.#limits = limits;
    const find = (isRaw: boolean) => (path: string) => ({ path, names: path.split('.'), isRaw });
    this.#paths = [...strings.map(find(false)), ...raw.map(find(true))];
    // At least the first level, whose names appear in errors.
    this.#maxDepth = Math.max(1, ...this.#paths.map(({ names }) => names.length));
  }

  /** @throws AppError `invalid_request` that names the root's member, or `body`, above a limit */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'outside') at = this.#outside(chunk, at);
      else if (this.#state === 'string') at = this.#inString(chunk, at);
      else at = this.#inFile(chunk, at);
    }
  }

  #outside(chunk: Buffer, from: number): number {
    let start = from;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) return this.#startString(chunk, start, at);
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (byte === OPEN_OBJECT && this.#startRaw(chunk, start, at)) start = at;
        this.#enter(byte === OPEN_OBJECT);
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#leave(chunk, start, at)) start = at + 1;
      } else if (byte === COMMA) {
        this.#countMember();
        this.#nameIsNext = this.#matters() && this.#isObject[this.#depth] === true;
      } else if (byte === COLON) this.#nameIsNext = false;
      if (this.#rawDepth > 0 && byte !== undefined) this.#followNumber(byte);
    }
    this.#emit(chunk.subarray(start));
    return chunk.length;
  }

  /** Exponents are added up when a number ends, or as soon as it cannot be legitimate any more. */
  #followNumber(byte: number): void {
    if (LETTERS_E.has(byte)) this.#exponent = 0;
    else if (this.#exponent === null || (this.#exponent === 0 && SIGNS.has(byte))) return;
    else if (byte >= ZERO && byte <= NINE && this.#exponent <= MAX_EXPANSION) this.#exponent = this.#exponent * 10 + (byte - ZERO);
    else {
      this.#expansion += this.#exponent;
      this.#exponent = null;
      if (this.#expansion > MAX_EXPANSION) throw invalidField(this.#field(), 'Contains numbers that are too large to store');
    }
  }

  #emit(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#rawDepth > 0) this.#handlers.rawPiece(bytes);
    else this.#handlers.text(bytes);
  }

  #matters = () => this.#rawDepth === 0 && this.#depth > 0 && this.#depth <= this.#maxDepth;

  #countMember(): void {
    if (this.#rawDepth > 0 || ++this.#members <= this.#limits.maxMembers) return;
    throw invalidField(this.#field(), `The body exceeds the maximum allowed (${this.#limits.maxMembers} members and elements)`);
  }

  #field(): string {
    const name = this.#limits.field ?? this.#names[1] ?? '';
    return PLAIN_NAME.test(name) ? name : 'body';
  }

  #startRaw(chunk: Buffer, from: number, bracket: number): boolean {
    const path = this.#nameIsNext ? undefined : this.#pathHere(true);
    if (path === undefined) return false;
    this.#emit(chunk.subarray(from, bracket));
    this.#handlers.openRaw(path);
    this.#rawDepth = this.#depth + 1;
    return true;
  }

  #enter(isObject: boolean): void {
    this.#depth++;
    if (this.#depth > MAX_JSON_DEPTH) throw invalidField(this.#field(), `must not be nested more than ${MAX_JSON_DEPTH} levels deep`);
    this.#countMember();
    this.#nameIsNext = isObject && this.#matters();
    if (!this.#matters()) return;
    this.#isObject[this.#depth] = isObject;
    this.#names[this.#depth] = undefined;
  }

  /** @returns whether this ends the extracted object; then everything up to the bracket was delivered. */
  #leave(chunk: Buffer, from: number, bracket: number): boolean {
    const ends = this.#rawDepth > 0 && this.#depth === this.#rawDepth;
    if (ends) {
      this.#emit(chunk.subarray(from, bracket + 1));
      this.#rawDepth = 0;
    }
    this.#depth = Math.max(0, this.#depth - 1);
    return ends;
  }

  #startString(chunk: Buffer, from: number, quote: number): number {
    const path = this.#nameIsNext ? undefined : this.#pathHere(false);
    this.#state = path === undefined ? 'string' : 'file';
    this.#name = this.#nameIsNext ? '' : undefined;
    this.#emit(chunk.subarray(from, path === undefined ? quote + 1 : quote));
    if (path !== undefined) this.#handlers.open(path);
    return quote + 1;
  }

  #pathHere(raw: boolean): string | undefined {
    if (!this.#matters()) return undefined;
    return this.#paths.find(
      ({ names, isRaw }) => isRaw === raw && names.length === this.#depth && names.every((name, i) => name === this.#names[i + 1]),
    )?.path;
  }

  #inString(chunk: Buffer, from: number): number {
    const end = this.#endOfString(chunk, from);
    const isCut = end === chunk.length;
    if (this.#name !== undefined) this.#name += chunk.toString('latin1', from, end);
    this.#emit(chunk.subarray(from, end + 1));
    if (isCut) return end;
    if (this.#name !== undefined) this.#names[this.#depth] = unescapeName(this.#name);
    this.#state = 'outside';
    return end + 1;
  }

  /** Position of the closing quote; the chunk's length if that comes later. */
  #endOfString(chunk: Buffer, from: number): number {
    let start = this.#escaped ? from + 1 : from;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, start);
      const end = quote === -1 ? chunk.length : quote;
      let backslashes = 0;
      while (end - backslashes > start && chunk[end - backslashes - 1] === BACKSLASH) backslashes++;
      const isEscaped = backslashes % 2 === 1;
      this.#escaped = isEscaped && quote === -1;
      if (quote === -1 || !isEscaped) return end;
      start = quote + 1;
    }
  }

  #inFile(chunk: Buffer, from: number): number {
    const end = this.#endOfString(chunk, from);
    const isCut = end === chunk.length;
    const text = this.#cutEscape + chunk.toString('latin1', from, end);
    const whole = isCut ? text.slice(0, startOfCutEscape(text)) : text;
    this.#cutEscape = text.slice(whole.length);
    this.#handlers.piece(unescape(whole));
    if (isCut) return end;
    this.#handlers.close();
    this.#state = 'outside';
    return end + 1;
  }
}

/** Where an escape sequence begins that the end of the text cuts; the text's length if there is none. */
function startOfCutEscape(text: string): number {
  const last = text.lastIndexOf('\\');
  if (last === -1 || last < text.length - 5) return text.length;
  let first = last;
  while (text[first - 1] === '\\') first--;
  const isEscaped = (last - first) % 2 === 1;
  if (isEscaped || (last < text.length - 1 && text[last + 1] !== 'u')) return text.length;
  return last;
}

/** In one pass, because some senders escape every slash. */
const unescape = (text: string) =>
  text.includes('\\') ? text.replace(ESCAPE, (_, escape: string) => ESCAPES[escape] ?? unescapeUnicode(escape)) : text;

function unescapeUnicode(escape: string): string {
  if (escape.length < 5) return INVALID;
  const code = Number.parseInt(escape.slice(1), 16);
  if (WHITE_SPACE.has(code)) return '';
  return code <= 0xff ? String.fromCharCode(code) : FOREIGN;
}

function unescapeName(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined; // invalid JSON, which parsing the whole will report
  }
}
