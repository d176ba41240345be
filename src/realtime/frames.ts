/**
 * Text frames (RFC 6455, section 5.2), built by hand: final, unmasked, uncompressed. They are latin1 strings whose
 * characters are the bytes on the wire, because Node writes such a string with one copy and without a Buffer.
 */

/** The UTF-8 bytes of the text, one per character. */
export const asLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const textFrame = (text: string): string => {
  const payload = asLatin1(text);
  return header(payload.length) + payload;
};

function header(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length);
  if (length < 65_536) return String.fromCharCode(0x81, 126, length >>> 8, length & 0xff);
  return String.fromCharCode(0x81, 127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

/** The start of a subscriber's messages, up to the part that is the same for all. */
export const messagePrefix = (id: string): string => asLatin1(`{"id":${JSON.stringify(id)}`);

/** The rest of a `next` message (graphql-transport-ws). */
export const nextTail = (payload: object): string => asLatin1(`,"type":"next","payload":${JSON.stringify(payload)}}`);

/** Messages that differ between subscribers only in their prefix. */
export class Batch {
  readonly #tails: readonly string[];
  /** The text around the prefixes, by the prefix's length, because the headers depend on it. */
  readonly #around = new Map<number, string[]>();

  constructor(tails: readonly string[]) {
    this.#tails = tails;
  }

  /** The frames for one subscriber. */
  for(prefix: string): string {
    let around = this.#around.get(prefix.length);
    if (!around) this.#around.set(prefix.length, (around = this.#frameAround(prefix.length)));
    // One native copy; a chain of concatenations would be flattened piece by piece.
    return around.join(prefix);
  }

  #frameAround(prefixLength: number): string[] {
    let before = '';
    const around = this.#tails.map((tail) => {
      const piece = before + header(prefixLength + tail.length);
      before = tail;
      return piece;
    });
    return [...around, before];
  }
}
