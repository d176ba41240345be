/** Pieces are collected into buffers of this size, in complete groups; the receiver may release the buffer. */
const SLAB_BYTES = 3 * 128 * 1024;
const GROUP_CHARACTERS = 4;
const GROUP_BYTES = 3;
const ALPHABET = /^[A-Za-z0-9+/]*$/;
const PADDED = /^([A-Za-z0-9+/]*)(=*)$/;

export class Base64Error extends Error {
  override readonly name = 'Base64Error';
}

/**
 * Decodes base64 (RFC 4648 section 4) from text that arrives in pieces. Spaces are skipped, padding may be missing; the
 * URL-safe alphabet is refused. Text must be Latin-1.
 */
export class Base64Decoder {
  readonly #emit: (bytes: Buffer) => void;
  /** Up to three characters of an incomplete group. */
  #carry = '';
  #padding = 0;
  #slab = newSlab();
  #used = 0;

  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  /** @throws Base64Error */
  write(text: string): void {
    if (this.#padding === 0 && this.#decodeGroups(text)) return;
    const [, data = '', padding = ''] = PADDED.exec(text.replaceAll(' ', '')) ?? fail();
    if (this.#padding > 0 && data !== '') fail();
    this.#padding += padding.length;
    if (!this.#decodeGroups(data)) fail();
  }

  /** @throws Base64Error if the text cannot end here */
  end(): void {
    const { length } = this.#carry;
    const complete = this.#padding === 0 ? length !== 1 : length > 0 && length + this.#padding === 4;
    if (!complete || this.#padding > 2) throw new Base64Error('incomplete');
    const used = this.#used + this.#slab.write(this.#carry, this.#used, 'base64');
    if (used > 0) this.#emit(this.#slab.subarray(0, used));
  }

  /** Decodes all complete groups of four; false, without any effect, if a character is not in the alphabet. */
  #decodeGroups(text: string): boolean {
    const length = this.#carry.length + text.length;
    const restLength = length % GROUP_CHARACTERS;
    const rest = length < GROUP_CHARACTERS ? this.#carry + text : text.slice(text.length - restLength);
    // Node skips unknown characters, which shows in the size, but it accepts `-` and `_`.
    if (!ALPHABET.test(rest) || text.includes('-') || text.includes('_')) return false;
    if (length >= GROUP_CHARACTERS && !this.#decodeWhole(text, length - restLength)) return false;
    this.#carry = rest;
    return true;
  }

  /** Decodes this many characters, starting with the carried ones. Concatenating them would copy the whole text. */
  #decodeWhole(text: string, characters: number): boolean {
    const filling = new Filling(this.#slab, this.#used);
    const carried = this.#carry.length;
    const completing = carried === 0 ? 0 : GROUP_CHARACTERS - carried;
    if (carried > 0 && !filling.decode(this.#carry + text.slice(0, completing))) return false;
    for (let at = completing, end = characters - carried; at < end;) {
      const next = Math.min(end, at + filling.room);
      if (!filling.decode(text.slice(at, next))) return false;
      at = next;
    }
    for (const slab of filling.full) this.#emit(slab);
    this.#slab = filling.slab;
    this.#used = filling.used;
    return true;
  }
}

/** The slabs being filled; discarded if a character is not in the alphabet. */
class Filling {
  readonly full: Buffer[] = [];
  slab: Buffer;
  used: number;

  constructor(slab: Buffer, used: number) {
    this.slab = slab;
    this.used = used;
  }

  /** Number of characters that fit into the slab: at least one. */
  get room(): number {
    return ((this.slab.length - this.used) / GROUP_BYTES) * GROUP_CHARACTERS;
  }

  /** False if some characters are not in the alphabet. */
  decode(groups: string): boolean {
    const size = (groups.length / GROUP_CHARACTERS) * GROUP_BYTES;
    if (this.slab.write(groups, this.used, 'base64') !== size) return false;
    this.used += size;
    if (this.used < this.slab.length) return true;
    this.full.push(this.slab);
    this.slab = newSlab();
    this.used = 0;
    return true;
  }
}

const newSlab = (): Buffer => Buffer.allocUnsafeSlow(SLAB_BYTES);

function fail(): never {
  throw new Base64Error('not base64');
}
