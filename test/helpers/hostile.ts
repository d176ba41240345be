import { deflateSync } from 'node:zlib';

/** Builds malicious media files. Boxes by ISO/IEC 14496-12, elements by RFC 8794 and RFC 9559. */

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
}
const fullBox = (type: string, ...content: Buffer[]) => box(type, u32(0), ...content);

interface Box {
  type: string;
  content: Buffer;
}

function* boxesIn(bytes: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at);
    yield { type: bytes.toString('latin1', at + 4, at + 8), content: bytes.subarray(at + 8, at + size) };
    at += size;
  }
}

const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'dinf', 'stbl', 'edts']);

/** Rewrites boxes at any depth; the result of `change` replaces the box, null leaves it. */
function rewriteMp4(bytes: Buffer, change: (found: Box) => Buffer | null): Buffer {
  const parts = [...boxesIn(bytes)].map((found) => {
    const changed = change(found);
    if (changed) return changed;
    return box(found.type, CONTAINERS.has(found.type) ? rewriteMp4(found.content, change) : found.content);
  });
  return Buffer.concat(parts);
}

/** Fails if there is no such box, so that no test runs with an unmodified file. */
export function replaceBoxes(bytes: Buffer, type: string, make: (content: Buffer) => Buffer): Buffer {
  let count = 0;
  const rewritten = rewriteMp4(bytes, (found) => {
    if (found.type !== type) return null;
    count += 1;
    return make(found.content);
  });
  if (count === 0) throw new Error(`there is no ${type} box`);
  return rewritten;
}

/** Claims that the media are in another file: with a QuickTime alias with an absolute path, and with a URL. */
export function dataReference(path: string, url: string): Buffer {
  const text = (value: string, length: number) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)], length);
  // Classic Mac OS paths have colons.
  const absolute = Buffer.from(path.replaceAll('/', ':'));
  const padded = Buffer.concat([absolute, Buffer.alloc(absolute.length % 2)]);
  const alias = [Buffer.alloc(10), text('disk', 28), Buffer.alloc(12), text(path.split('/').at(-1) ?? '', 64), Buffer.alloc(16)];
  const levels = [u16(1), u16(1), Buffer.alloc(16)];
  const ends = Buffer.from([0xff, 0xff, 0, 0]);
  const entry = box('alis', u32(0), ...alias, ...levels, u16(2), u16(absolute.length), padded, ends);
  return fullBox('dref', u32(2), entry, box('url ', u32(0), Buffer.from(`${url}\0`)));
}

/** Claims that all samples have the same size, and how many there are. */
export const sampleSizes = (size: number, count: number) => fullBox('stsz', u32(size), u32(count));

/** Makes all samples point to the position of the first one. */
export function samplesInOnePlace(bytes: Buffer, size: number, count: number): Buffer {
  const full = (type: string, ...values: number[]) => fullBox(type, u32(1), ...values.map(u32));
  const timed = replaceBoxes(
    replaceBoxes(bytes, 'stts', () => full('stts', count, 1)),
    'stsc',
    () => full('stsc', 1, 1, 1),
  );
  const placed = replaceBoxes(timed, 'stco', (content) => fullBox('stco', u32(count), Buffer.alloc(4 * count, content.subarray(8, 12))));
  return replaceBoxes(placed, 'stsz', () => sampleSizes(size, count));
}

/** Repeats the same track. */
export function withTracks(bytes: Buffer, count: number): Buffer {
  const tracks: Buffer[] = [];
  rewriteMp4(bytes, ({ type, content }) => {
    if (type === 'trak') tracks.push(box(type, content));
    return null;
  });
  return replaceBoxes(bytes, 'moov', (movie) => box('moov', movie, ...Array.from({ length: count }, () => Buffer.concat(tracks))));
}

/** Makes the same part of the media play repeatedly. */
export const editList = (entries: number, duration: number) =>
  fullBox('elst', u32(entries), ...Array.from({ length: entries }, () => Buffer.concat([u32(duration), u32(0), u32(0x10000)])));

/** Compresses the `moov`, with zeros after it, and claims that it has `size` bytes. */
export const withPackedMovie = (bytes: Buffer, zeros: number, size?: number) =>
  replaceBoxes(bytes, 'moov', (content) => {
    const movie = box('moov', content, box('free', Buffer.alloc(zeros)));
    return packedMovie(movie, size ?? movie.length);
  });

const packedMovie = (movie: Buffer, size: number) =>
  box('moov', box('cmov', box('dcom', Buffer.from('zlib')), box('cmvd', u32(size), deflateSync(movie, { level: 9 }))));

const idOf = (id: number) => Buffer.from(id.toString(16), 'hex');
/** An element; its length always takes eight bytes. */
function element(id: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = Buffer.alloc(8);
  size.writeUIntBE(body.length, 2, 6);
  size[0] = 0x01;
  return Buffer.concat([idOf(id), size, body]);
}
const number = (id: number, value: number) => element(id, u32(value));

const [SEGMENT, INFO, TRACKS, CLUSTER, CHAPTERS] = [0x18538067, 0x1549a966, 0x1654ae6b, 0x1f43b675, 0x1043a770];

const webm = (...segment: Buffer[]) =>
  Buffer.concat([
    element(0x1a45dfa3, number(0x4286, 1), number(0x42f7, 1), element(0x4282, Buffer.from('webm')), number(0x4287, 4), number(0x4285, 2)),
    element(SEGMENT, ...segment),
  ]);

const info = (...more: Buffer[]) => element(INFO, number(0x2ad7b1, 1_000_000), element(0x4d80, Buffer.from('x')), ...more);

const vp8Track = (index: number, ...more: Buffer[]) =>
  element(
    0xae,
    ...[number(0xd7, index), number(0x73c5, index), number(0x83, 1), element(0x86, Buffer.from('V_VP8'))],
    element(0xe0, number(0xb0, 320), number(0xba, 240)),
    ...more,
  );

const block = (time: number, frame: Buffer) => element(0xa3, Buffer.from([0x81]), u16(time), Buffer.from([0x80]), frame);
const cluster = (...blocks: Buffer[]) => element(CLUSTER, number(0xe7, 0), ...blocks);

/** The header of a key frame without content. */
const FRAME = Buffer.from([0x50, 0x42, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, ...Array.from({ length: 200 }, () => 0)]);

export const webmOfTracks = (count: number) =>
  webm(info(), element(TRACKS, ...Array.from({ length: count }, (_, index) => vp8Track(index + 1))), cluster(block(0, FRAME)));

/** Links two neighbouring files as previous and next, and a chapter of a third file. */
export function linkedWebm(path: string): Buffer {
  const uid = (fill: number) => Buffer.alloc(16, fill);
  const links = [element(0x73a4, uid(1)), element(0x3cb923, uid(2)), element(0x3eb923, uid(3))];
  const names = [element(0x3c83ab, Buffer.from(path)), element(0x3e83bb, Buffer.from(path))];
  const atom = element(0xb6, number(0x73c4, 1), number(0x91, 0), number(0x92, 1_000_000), element(0x6e67, uid(4)));
  const chapters = element(CHAPTERS, element(0x45b9, number(0x45bc, 9), number(0x45dd, 1), atom));
  return webm(info(...links, ...names), chapters, element(TRACKS, vp8Track(1)), cluster(block(0, FRAME)));
}

/** Each frame decompresses to a thousand times its size; RFC 9559 allows compression, WebM does not. */
export function packedWebm(frames: number, frameBytes: number): Buffer {
  const packed = deflateSync(Buffer.concat([FRAME, Buffer.alloc(frameBytes)]), { level: 9 });
  const encodings = element(
    0x6d80,
    element(0x6240, number(0x5031, 0), number(0x5032, 1), number(0x5033, 0), element(0x5034, number(0x4254, 0))),
  );
  const blocks = Array.from({ length: frames }, (_, index) => block(index, packed));
  return webm(info(), element(TRACKS, vp8Track(1, encodings)), cluster(...blocks));
}
