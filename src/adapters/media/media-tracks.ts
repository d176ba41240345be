import { MAX_PIXELS } from './ffmpeg-run.ts';
import { ascii, mayStartContainer, readVint, sniffContainer, view } from './media-sniff.ts';

interface VideoTrack {
  /** As the container names it. */
  codec: string;
  isSupported: boolean;
  width: number;
  height: number;
}

/** CodecID of Matroska (RFC 9559 and its codec mappings) and sample entries of MP4, for the codecs that are decoded. */
const SUPPORTED = new Set([
  ...['V_VP8', 'V_VP9', 'V_AV1', 'V_MPEG4/ISO/AVC', 'V_MPEGH/ISO/HEVC', 'V_MPEG4/ISO/ASP'],
  ...['vp08', 'vp09', 'av01', 'avc1', 'avc3', 'hvc1', 'hev1', 'mp4v'],
]);

const EBML = { segment: 0x18538067, tracks: 0x1654ae6b, cluster: 0x1f43b675, track: 0xae, type: 0x83, codec: 0x86, video: 0xe0 } as const;
const PIXEL_WIDTH = 0xb0;
const PIXEL_HEIGHT = 0xba;
const VIDEO_TRACK = 1;

/**
 * Why a recording that begins with these bytes can never be used, if that is certain already; else null. ffmpeg is not asked:
 * starting it for each of a thousand recordings that begin in the same minute would delay them all.
 * @param head up to 4 KB from the start of the recording
 */
export function reasonAgainst(head: Uint8Array): string | null {
  if (!mayStartContainer(head)) return 'It does not begin as a WebM or MP4 video.';
  const format = sniffContainer(head);
  const tracks = format && (format === 'webm' ? readMatroska(head) : readMp4(head));
  if (!tracks) return null;
  const [video] = tracks;
  if (!video) return 'It has no video track: add the picture of the camera or the screen to what is recorded.';
  if (!video.isSupported) return `The video codec ${video.codec} is not supported: choose VP8, VP9, AV1, H.264 or HEVC.`;
  if (video.width * video.height > MAX_PIXELS) return tooManyPixels(video);
  return null;
}

export const tooManyPixels = ({ width, height }: { width: number; height: number }) =>
  `The video has ${width} × ${height} pixels; at most 7680 × 4320 are accepted.`;

/** The video tracks; null if the list of tracks is not complete in these bytes. */
function readMatroska(head: Uint8Array): VideoTrack[] | null {
  const segment = elements(head, 0, head.length).find(({ id }) => id === EBML.segment);
  const inside = segment ? elements(head, segment.start, head.length) : [];
  const tracks = inside.find(({ id }) => id === EBML.tracks);
  if (!tracks || tracks.end > head.length || inside.some(({ id, start }) => id === EBML.cluster && start < tracks.start)) return null;
  return childrenOf(head, tracks, EBML.track).flatMap((track) => {
    if (numberIn(head, track, EBML.type) !== VIDEO_TRACK) return [];
    const [name] = childrenOf(head, track, EBML.codec);
    const [video] = childrenOf(head, track, EBML.video);
    const codec = name ? ascii(head, name.start, name.end).replace(/\0+$/, '') : '';
    const side = (id: number) => (video ? numberIn(head, video, id) : 0);
    return [{ codec, isSupported: SUPPORTED.has(codec), width: side(PIXEL_WIDTH), height: side(PIXEL_HEIGHT) }];
  });
}

interface Span {
  id: number | string;
  /** Where its content starts, and ends; beyond the bytes at hand if it is incomplete. */
  start: number;
  end: number;
}

/** The elements from `from` on; stops at one that cannot be read or is incomplete. */
function elements(bytes: Uint8Array, from: number, to: number): Span[] {
  const found: Span[] = [];
  for (let at = from; at < Math.min(to, bytes.length);) {
    const id = readVint(bytes, at, { keepMarker: true });
    const size = id && readVint(bytes, id.next);
    if (!size) break;
    // All ones: the size is not known.
    const isUnknown = size.value === 2 ** (7 * (size.next - id.next)) - 1;
    const end = isUnknown ? Infinity : size.next + size.value;
    found.push({ id: id.value, start: size.next, end });
    at = end;
  }
  return found;
}

const childrenOf = (bytes: Uint8Array, parent: Span, id: number) =>
  elements(bytes, parent.start, parent.end).filter((child) => child.id === id);

function numberIn(bytes: Uint8Array, parent: Span, id: number): number {
  const [child] = childrenOf(bytes, parent, id);
  return child ? bytes.subarray(child.start, child.end).reduce((sum, byte) => sum * 256 + byte, 0) : 0;
}

/** The video tracks; null if `moov` is not complete in these bytes. */
function readMp4(head: Uint8Array): VideoTrack[] | null {
  const moov = boxes(head, 0, head.length).find(({ id }) => id === 'moov');
  if (!moov || moov.end > head.length) return null;
  return boxes(head, moov.start, moov.end).flatMap((track) => {
    const description = sampleDescription(head, track);
    return description ? [description] : [];
  });
}

function sampleDescription(head: Uint8Array, track: Span): VideoTrack | null {
  const inside = (parent: Span | undefined, id: string) => parent && boxes(head, parent.start, parent.end).find((box) => box.id === id);
  const media = track.id === 'trak' ? inside(track, 'mdia') : undefined;
  const handler = inside(media, 'hdlr');
  const samples = inside(inside(inside(media, 'minf'), 'stbl'), 'stsd');
  if (!handler || !samples || ascii(head, handler.start + 8, handler.start + 12) !== 'vide') return null;
  // After version, flags and the number of entries.
  const [entry] = boxes(head, samples.start + 8, samples.end);
  if (!entry || entry.start + 28 > head.length) return null;
  const codec = String(entry.id);
  const size = (at: number) => view(head).getUint16(entry.start + at);
  return { codec, isSupported: SUPPORTED.has(codec), width: size(24), height: size(26) };
}

function boxes(bytes: Uint8Array, from: number, to: number): Span[] {
  const found: Span[] = [];
  for (let at = from; at + 8 <= Math.min(to, bytes.length);) {
    const size = view(bytes).getUint32(at);
    if (size < 8) break;
    found.push({ id: ascii(bytes, at + 4, at + 8), start: at + 8, end: at + size });
    at += size;
  }
  return found;
}
