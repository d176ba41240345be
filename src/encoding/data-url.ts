import { Base64Decoder, Base64Error } from './base64-decoder.ts';

const SCHEME = 'data:';
/** Maximum length of a data URL's start, up to the comma before its data. */
const MAX_PREFIX = 1024;
// Not up to the first comma: browsers write `data:video/webm;codecs=vp8,opus;base64,`.
const BASE64_URL = /^data:((?:[^"]|"(?:[^"\\]|\\.)*")*?); *base64 *,/is;
/** The same with a quote that is never closed. */
const BROKEN_BASE64_URL = /^data:(.*?); *base64 *,/is;
/** Percent-encoded bytes, as a browser writes an empty picture: `data:,`. */
const PLAIN_URL = /^data:((?:[^",]|"(?:[^"\\]|\\.)*")*),/is;
/** Stands for characters outside of Latin-1: base64 does not have it, parameters may. */
const FOREIGN = '\xff';
const ESCAPE = /%([\da-f]{2})/gi;
/** An escape cut by the end of a piece. */
const CUT_ESCAPE = /%[\da-f]?$/i;
// oxlint-disable-next-line no-control-regex -- the pattern is meant to find them
const CONTROL = /[\0-\x1f]/;
// oxlint-disable-next-line no-control-regex -- the pattern is meant to exclude them
const NOT_ASCII = /[^\0-\x7f]/;

/** Takes text in pieces and passes on its bytes. */
interface Decoder {
  write(text: string): void;
  end(): void;
}

/**
 * Decodes a file in text that arrives in pieces: bare base64, or a data URL (RFC 2397) with base64 or percent-encoded bytes.
 * Spaces before it are skipped. Text must be Latin-1.
 */
export class DataUrlDecoder {
  readonly #emit: (bytes: Buffer) => void;
  #decoder: Decoder | undefined;
  /** The start of the text, until it is clear whether it is a data URL. */
  #prefix = '';
  /** The media type from the data URL, with parameters. */
  mediaType: string | undefined;

  /** @param emit takes the decoded bytes, and may release their buffer */
  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  /** @throws Base64Error */
  write(text: string): void {
    if (this.#decoder) this.#decoder.write(text);
    else this.#readPrefix((this.#prefix + text).replace(/^ +/, ''), false);
  }

  /** @throws Base64Error if the text cannot end here */
  end(): void {
    if (!this.#decoder) this.#readPrefix(this.#prefix, true);
    this.#decoder?.end();
  }

  /** Chooses the decoder and passes the data after the prefix to it, unless more of the prefix may follow. */
  #readPrefix(start: string, isWhole: boolean): void {
    this.#prefix = start;
    if (isBare(start, isWhole)) this.#begin(new Base64Decoder(this.#emit), start);
    else this.#readUrl(start, isWhole);
  }

  #readUrl(start: string, isWhole: boolean): void {
    const head = start.slice(0, MAX_PREFIX);
    const isEnough = isWhole || start.length >= MAX_PREFIX;
    const base64 = BASE64_URL.exec(head) ?? (isEnough ? BROKEN_BASE64_URL.exec(head) : null);
    const [prefix, mediaType] = base64 ?? (isEnough ? PLAIN_URL.exec(head) : null) ?? [];
    if (prefix === undefined && isEnough) throw notDataUrl();
    if (prefix === undefined) return;
    if (CONTROL.test(prefix)) throw notDataUrl();
    this.mediaType = mediaType;
    this.#begin(base64 ? new EscapedBase64(this.#emit) : new PercentDecoder(this.#emit), start.slice(prefix.length));
  }

  #begin(decoder: Decoder, data: string): void {
    this.#decoder = decoder;
    if (data !== '') decoder.write(data);
  }
}

/** False for a data URL and for the start of one. */
const isBare = (start: string, isWhole: boolean) =>
  (isWhole && start.length < SCHEME.length) || !SCHEME.startsWith(start.slice(0, SCHEME.length).toLowerCase());

/** Text with percent escapes, each of which is replaced whole. */
class Escapes {
  #cut = '';

  /** The text that is complete so far, with its escapes replaced. */
  take(text: string, replace: (character: string) => string): string {
    if (this.#cut === '' && !text.includes('%')) return text;
    const all = this.#cut + text;
    this.#cut = CUT_ESCAPE.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - this.#cut.length);
    return whole.replace(ESCAPE, (_, code: string) => replace(String.fromCharCode(Number.parseInt(code, 16))));
  }

  /** What is left of an escape that was cut by the end. */
  get rest(): string {
    return this.#cut;
  }
}

/** Base64 in a URL, which may escape its characters and line breaks. */
class EscapedBase64 implements Decoder {
  readonly #escapes = new Escapes();
  readonly #base64: Base64Decoder;

  constructor(emit: (bytes: Buffer) => void) {
    this.#base64 = new Base64Decoder(emit);
  }

  write(text: string): void {
    this.#base64.write(this.#escapes.take(text, withoutLineBreaks));
  }

  end(): void {
    this.#base64.write(this.#escapes.rest);
    this.#base64.end();
  }
}

/** Bytes in a URL without base64: characters of ASCII as they are, all others as escapes. */
class PercentDecoder implements Decoder {
  readonly #escapes = new Escapes();
  readonly #emit: (bytes: Buffer) => void;

  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  write(text: string): void {
    if (NOT_ASCII.test(text)) throw notDataUrl();
    this.#pass(this.#escapes.take(text, (character) => character));
  }

  end(): void {
    this.#pass(this.#escapes.rest);
  }

  #pass(characters: string): void {
    if (characters === '') return;
    // Not from the pool: the receiver may release it.
    const bytes = Buffer.allocUnsafeSlow(characters.length);
    bytes.write(characters, 'latin1');
    this.#emit(bytes);
  }
}

const notDataUrl = () => new Base64Error('not a data URL');

const withoutLineBreaks = (text: string) => text.replaceAll(/[\t\n\f\r]/g, '');

/** Decodes a data URL or bare base64, with white space anywhere in base64. @throws Base64Error */
export function decodeDataUrl(text: string): Buffer {
  const pieces: Buffer[] = [];
  const decoder = new DataUrlDecoder((bytes) => pieces.push(bytes));
  decoder.write(withoutLineBreaks(text).replaceAll(/[^\0-\xff]/g, FOREIGN));
  decoder.end();
  return Buffer.concat(pieces);
}
