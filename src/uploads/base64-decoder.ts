/** Small pieces are put together to this many before they go on. */
const SLAB_BYTES = 64 * 1024;
/** From here on a piece gets a buffer of its own, which whoever writes it can give back. */
const OWN_BUFFER_BYTES = 16 * 1024;
const GROUP_CHARACTERS = 4;
const GROUP_BYTES = 3;
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
    if (length > 0) this.#writeDecoded(length - 1, (target, at) => target.write(this.#carry, at, 'base64'));
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
    if (this.#padding === 0 && this.#decodeGroups(text)) return;
    const [, data = '', padding = ''] = PADDED.exec(text.replaceAll(' ', '')) ?? fail();
    if (this.#padding > 0 && data !== '') fail();
    this.#padding += padding.length;
    if (!this.#decodeGroups(data)) fail();
  }

  /** Decodes all complete groups of four; false, with nothing done, where a character is not of the alphabet. */
  #decodeGroups(text: string): boolean {
    const length = this.#carry.length + text.length;
    const restLength = length % GROUP_CHARACTERS;
    const rest = length < GROUP_CHARACTERS ? this.#carry + text : text.slice(text.length - restLength);
    // Node skips what it does not know, and takes `-` and `_`: the former shows in the size.
    if (!ALPHABET.test(rest) || text.includes('-') || text.includes('_')) return false;
    if (length >= GROUP_CHARACTERS && !this.#decodeWhole(text, length - restLength)) return false;
    this.#carry = rest;
    return true;
  }

  /** Decodes so many characters, of which the carried ones are the first. To put them together would copy all of the text. */
  #decodeWhole(text: string, characters: number): boolean {
    const size = (characters / GROUP_CHARACTERS) * GROUP_BYTES;
    const carried = this.#carry.length;
    const completing = carried === 0 ? 0 : GROUP_CHARACTERS - carried;
    const first = carried === 0 ? '' : this.#carry + text.slice(0, completing);
    const others = text.slice(completing, characters - carried);
    return this.#writeDecoded(size, (target, at) => {
      const written = first === '' ? 0 : target.write(first, at, 'base64');
      return written + target.write(others, at + written, 'base64');
    });
  }

  #writeDecoded(size: number, write: (target: Buffer, at: number) => number): boolean {
    if (size >= OWN_BUFFER_BYTES) {
      const own = Buffer.allocUnsafeSlow(size);
      if (write(own, 0) !== size) return false;
      this.#flush();
      this.#emit(own);
      return true;
    }
    if (this.#used + size > this.#slab.length) {
      this.#flush();
      this.#slab = Buffer.allocUnsafe(SLAB_BYTES);
    }
    if (write(this.#slab, this.#used) !== size) return false;
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
