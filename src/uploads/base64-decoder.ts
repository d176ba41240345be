/** Decoded bytes are put together to this many before they go on. */
const SLAB_BYTES = 256 * 1024;
/** Of a data URL, up to `;base64,`. */
const MAX_PREFIX = 1024;
const DATA_URL = /^data:(.*?);base64,/is;
const ALPHABET = /^[A-Za-z0-9+/]*$/;
const PADDED = /^([A-Za-z0-9+/]*)(=*)$/;

export class Base64Error extends Error {
  override readonly name = 'Base64Error';
}

/**
 * Decodes the base64 of RFC 4648 section 4, bare or as a data URL (RFC 2397), from text that comes in pieces. Spaces are
 * skipped, padding may be missing; the URL-safe alphabet is refused. Text must be Latin-1.
 */
export class Base64Decoder {
  readonly #emit: (bytes: Buffer) => void;
  /** The start of the text, until it is known whether it is a data URL. */
  #prefix: string | undefined = '';
  /** Up to three characters of a group that is not complete. */
  #carry = '';
  #padding = 0;
  #slab = Buffer.allocUnsafe(SLAB_BYTES);
  #used = 0;
  /** What the data URL says, with parameters. */
  mediaType: string | undefined;

  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  /** @throws Base64Error */
  write(text: string): void {
    const payload = this.#prefix === undefined ? text : this.#afterPrefix(this.#prefix + text);
    if (payload !== '') this.#decode(payload);
  }

  /** @throws Base64Error where the text cannot end here */
  end(): void {
    if (this.#prefix !== undefined) this.#endPrefix(this.#prefix);
    const { length } = this.#carry;
    const complete = this.#padding === 0 ? length !== 1 : length > 0 && length + this.#padding === 4;
    if (!complete || this.#padding > 2) throw new Base64Error('incomplete');
    if (length > 0) this.#writeToSlab(this.#carry, length - 1);
    this.#flush();
  }

  #afterPrefix(start: string): string {
    if (start.length < 5 && isDataUrl(start)) {
      this.#prefix = start;
      return '';
    }
    // Not to the first comma: browsers write `data:video/webm;codecs=vp8,opus;base64,`.
    const found = isDataUrl(start) ? DATA_URL.exec(start.slice(0, MAX_PREFIX)) : undefined;
    if (found === null && start.length >= MAX_PREFIX) throw new Base64Error('not a base64 data URL');
    this.#prefix = found === null ? start : undefined;
    this.mediaType = found?.[1];
    return found === null ? '' : start.slice(found?.[0].length ?? 0);
  }

  #endPrefix(start: string): void {
    if (start.length >= 5) throw new Base64Error('not a base64 data URL');
    this.#decode(start);
  }

  #decode(text: string): void {
    if (this.#padding === 0 && this.#decodeGroups(this.#carry + text)) return;
    const [, data = '', padding = ''] = PADDED.exec(text.replaceAll(' ', '')) ?? fail();
    if (this.#padding > 0 && data !== '') fail();
    this.#padding += padding.length;
    this.#decodeGroups(this.#carry + data);
  }

  /** Decodes all complete groups of four; false, with nothing done, where a character is not of the alphabet. */
  #decodeGroups(text: string): boolean {
    const whole = text.length - (text.length % 4);
    const rest = text.slice(whole);
    const size = (whole / 4) * 3;
    // Node skips what it does not know, and takes `-` and `_`: the former shows in the size.
    if (!ALPHABET.test(rest) || text.includes('-') || text.includes('_')) return false;
    if (!this.#writeToSlab(text.slice(0, whole), size)) return false;
    this.#carry = rest;
    return true;
  }

  #writeToSlab(text: string, size: number): boolean {
    if (this.#used + size > this.#slab.length) {
      this.#flush();
      this.#slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, size));
    }
    const written = this.#slab.write(text, this.#used, 'base64');
    if (written !== size) return false;
    this.#used += size;
    return true;
  }

  /** What is handed out is never written to again. */
  #flush(): void {
    if (this.#used === 0) return;
    this.#emit(this.#slab.subarray(0, this.#used));
    this.#slab = this.#slab.subarray(this.#used);
    this.#used = 0;
  }
}

const isDataUrl = (start: string) => 'data:'.startsWith(start.slice(0, 5).toLowerCase());

function fail(): never {
  throw new Base64Error('not base64');
}
