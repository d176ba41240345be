/** The supported containers; `webm` includes Matroska, of which WebM is a part. */
export type MediaFormat = 'webm' | 'mp4';

export const EBML_MAGIC = 0x1a45dfa3;
const EBML_DOC_TYPE = 0x4282;

/** Brands that mean "plays as MP4": ISO/IEC 14496-12 and -14, what browsers' recorders write, DASH and CMAF. */
const MP4_BRANDS = new Set([
  'isom',
  'iso2',
  'iso3',
  'iso4',
  'iso5',
  'iso6',
  'iso7',
  'iso8',
  'iso9',
  'mp41',
  'mp42',
  'avc1',
  'hvc1',
  'av01',
  'M4V ',
  'dash',
  'cmfc',
  'MSNV',
]);

/** Still pictures and image sequences also have a `ftyp` box, and often one of the brands above. */
const PICTURE_BRANDS = new Set(['avif', 'avis', 'heic', 'heix', 'hevc', 'mif1', 'msf1', 'jpeg', 'crx ']);

/** Chromium writes `matroska` for H.264 and PCM, also if the page asked for `video/webm`. */
const DOC_TYPES = new Set(['webm', 'matroska']);

/**
 * Detects the container by content, never by name: WebM and Matroska by the EBML DocType (RFC 8794), MP4 by the brands of
 * `ftyp` (ISO/IEC 14496-12, 4.3). `head` is the first 4 KB.
 */
export function sniffContainer(head: Uint8Array): MediaFormat | null {
  if (DOC_TYPES.has(readDocType(head) ?? '')) return 'webm';
  if (isMp4(readBrands(head))) return 'mp4';
  return null;
}

/** Whether any container starts here: enough to distinguish a new file from the continuation of one. */
export const startsContainer = (head: Uint8Array): boolean =>
  (head.length >= 4 && view(head).getUint32(0) === EBML_MAGIC) || (head.length >= 8 && ascii(head, 4, 8) === 'ftyp');

/** Whether more bytes might still make this the start of a supported container. */
export function mayStartContainer(head: Uint8Array): boolean {
  if (sniffContainer(head)) return true;
  if (head.length >= LONGEST_HEADER) return false;
  const first = Uint8Array.from(head).subarray(0, EBML_BYTES.length);
  const isEbml = first.every((byte, at) => byte === EBML_BYTES[at]);
  // Once complete, the header says what it is.
  if (isEbml) return readDocType(head) === null;
  const isCut = head.length < 16 || head.length < view(head).getUint32(0);
  return isCut && 'ftyp'.startsWith(ascii(head, 4, 8));
}

/** Bytes. No header of a container is longer. */
const LONGEST_HEADER = 4_096;
const EBML_BYTES = [0x1a, 0x45, 0xdf, 0xa3];

function isMp4(brands: readonly string[]): boolean {
  const [major] = brands;
  return major !== undefined && !PICTURE_BRANDS.has(major) && brands.some((brand) => MP4_BRANDS.has(brand));
}

/** Major brand first, then the compatible ones; empty if the file does not start with `ftyp`. */
function readBrands(head: Uint8Array): string[] {
  if (head.length < 16 || ascii(head, 4, 8) !== 'ftyp') return [];
  const boxEnd = Math.min(view(head).getUint32(0), head.length);
  const brands = boxEnd >= 16 ? [ascii(head, 8, 12)] : [];
  // Bytes 12 to 16 are the minor version.
  for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(ascii(head, at, at + 4));
  return brands;
}

/** Writers have six to ten. */
const MOST_HEADER_ELEMENTS = 32;

function readDocType(head: Uint8Array): string | null {
  if (head.length < 5 || view(head).getUint32(0) !== EBML_MAGIC) return null;
  const header = readVint(head, 4);
  if (!header) return null;
  const end = Math.min(header.next + header.value, head.length);
  let elements = 0;
  for (let at = header.next; at < end;) {
    const id = readVint(head, at, { keepMarker: true });
    const size = id && readVint(head, id.next);
    if (!size || (elements += 1) > MOST_HEADER_ELEMENTS) return null;
    // A string may be padded with zeros.
    if (id.value === EBML_DOC_TYPE) return ascii(head, size.next, size.next + size.value).replace(/\0+$/, '');
    at = size.next + size.value;
  }
  return null;
}

/** An EBML variable-length number (RFC 8794, 4): the leading zero bits of the first byte give the number of bytes that follow. */
export function readVint(bytes: Uint8Array, at: number, { keepMarker = false } = {}): { value: number; next: number } | null {
  const first = bytes[at];
  if (!first) return null;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return null;
  let value = keepMarker ? first : first - (0x80 >> (length - 1));
  for (const byte of bytes.subarray(at + 1, at + length)) value = value * 256 + byte;
  return { value, next: at + length };
}

export const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const ascii = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 64)));
