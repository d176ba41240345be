import { Base64Decoder, Base64Error } from './base64-decoder.ts';

const SCHEME = 'data:';
/** Maximum length of a data URL's start, up to `;base64,`. */
const MAX_PREFIX = 1024;
// Not up to the first comma: browsers write `data:video/webm;codecs=vp8,opus;base64,`.
const BASE64_URL = /^data:(.*?); *base64,/is;
/** Stands for characters outside of Latin-1: base64 does not have it, parameters may. */
const FOREIGN = '\xff';
const ESCAPE = /%([\da-f]{2})/gi;
/** An escape cut by the end of a piece. */
const CUT_ESCAPE = /%[\da-f]?$/i;
// oxlint-disable-next-line no-control-regex -- the pattern is meant to find them
const CONTROL = /[\0-\x1f]/;

/**
 * Decodes a file in text that arrives in pieces: bare base64, or a data URL with base64 (RFC 2397, with the percent escapes
 * that it allows). Spaces before it are skipped. Text must be Latin-1.
 */
export class DataUrlDecoder {
  readonly #base64: Base64Decoder;
  /** The start of the text, until it is clear whether it is a data URL. */
  #prefix: string | undefined = '';
  #isUrl = false;
  #cutEscape = '';
  /** The media type from the data URL, with parameters. */
  mediaType: string | undefined;

  /** @param emit takes the decoded bytes, and may release their buffer */
  constructor(emit: (bytes: Buffer) => void) {
    this.#base64 = new Base64Decoder(emit);
  }

  /** @throws Base64Error */
  write(text: string): void {
    const payload = this.#prefix === undefined ? text : this.#afterPrefix((this.#prefix + text).replace(/^ +/, ''));
    if (payload !== '') this.#decode(payload);
  }

  /** @throws Base64Error if the text cannot end here */
  end(): void {
    const start = this.#prefix ?? '';
    if (start.length >= SCHEME.length) throw notBase64Url();
    this.#base64.write(start + this.#cutEscape);
    this.#base64.end();
  }

  /** Returns the data after the prefix; nothing while more of the prefix may follow. */
  #afterPrefix(start: string): string {
    this.#prefix = start;
    if (!SCHEME.startsWith(start.slice(0, SCHEME.length).toLowerCase())) return this.#endPrefix(start);
    const [head, mediaType] = BASE64_URL.exec(start.slice(0, MAX_PREFIX)) ?? [];
    if (head === undefined && start.length >= MAX_PREFIX) throw notBase64Url();
    if (head === undefined) return '';
    if (CONTROL.test(head)) throw notBase64Url();
    this.#isUrl = true;
    this.mediaType = mediaType;
    return this.#endPrefix(start.slice(head.length));
  }

  #endPrefix(data: string): string {
    this.#prefix = undefined;
    return data;
  }

  #decode(text: string): void {
    if (!this.#isUrl || (this.#cutEscape === '' && !text.includes('%'))) {
      this.#base64.write(text);
      return;
    }
    const all = this.#cutEscape + text;
    this.#cutEscape = CUT_ESCAPE.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - this.#cutEscape.length);
    this.#base64.write(whole.replace(ESCAPE, (_, code: string) => withoutLineBreaks(String.fromCharCode(Number.parseInt(code, 16)))));
  }
}

const notBase64Url = () => new Base64Error('not a base64 data URL');

const withoutLineBreaks = (text: string) => text.replaceAll(/[\t\n\f\r]/g, '');

/** Decodes a data URL or bare base64, with white space anywhere. @throws Base64Error */
export function decodeDataUrl(text: string): Buffer {
  const pieces: Buffer[] = [];
  const decoder = new DataUrlDecoder((bytes) => pieces.push(bytes));
  decoder.write(withoutLineBreaks(text).replaceAll(/[^\0-\xff]/g, FOREIGN));
  decoder.end();
  return Buffer.concat(pieces);
}
