import { readVint, view } from './media-sniff.ts';

/** Elements of Matroska (RFC 9559) on the way to a block of sound. */
const PARENTS = new Set([0x18538067, 0x1f43b675, 0xa0]);
const CLUSTER_TIME = 0xe7;
const BLOCKS = new Set([0xa3, 0xa1]);
/** Bytes of the longest id and size. */
const LONGEST_HEAD = 12;
/** Track number, time within the cluster, flags: of ffmpeg's muxer, for a file of one track. */
const BLOCK_HEAD = 4;

/** Mono samples of 16 bits and the milliseconds from the start of the file. */
export interface SoundBlock {
  at: number;
  samples: Int16Array;
}

/** Reads the blocks from a Matroska file with one track of `pcm_s16le`, as ffmpeg writes it, in pieces of any size. */
export async function* readSoundBlocks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<SoundBlock> {
  let rest: Uint8Array = new Uint8Array(0);
  let skip = 0;
  let clusterTime = 0;
  for await (const piece of pieces) {
    const bytes = joined(rest, piece);
    let at = Math.min(skip, bytes.length);
    skip -= at;
    while (at < bytes.length) {
      const id = readVint(bytes, at, { keepMarker: true });
      const size = id && readVint(bytes, id.next);
      if (!id || !size) {
        if (bytes.length - at >= LONGEST_HEAD) return;
        break;
      }
      if (PARENTS.has(id.value)) {
        at = size.next;
        continue;
      }
      const end = size.next + size.value;
      const isWanted = id.value === CLUSTER_TIME || BLOCKS.has(id.value);
      if (isWanted && end > bytes.length) break;
      const content = bytes.subarray(size.next, end);
      if (id.value === CLUSTER_TIME) clusterTime = content.reduce((sum, byte) => sum * 256 + byte, 0);
      if (BLOCKS.has(id.value)) yield { at: clusterTime + view(content).getInt16(1), samples: samplesOf(content.subarray(BLOCK_HEAD)) };
      at = Math.min(end, bytes.length);
      skip = end - at;
    }
    rest = bytes.slice(at);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** A copy, because samples lie at even addresses. */
const samplesOf = (bytes: Uint8Array) => new Int16Array(bytes.slice(0, bytes.length - (bytes.length % 2)).buffer);
