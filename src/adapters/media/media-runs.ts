import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { MediaError } from './ffmpeg-run.ts';
import { ascii, type MediaFormat, sniffContainer, view } from './media-sniff.ts';

/** A complete file within a file: what a recorder wrote from its start to its stop. */
export interface FileRun {
  format: MediaFormat;
  /** Bytes from `start`, up to but not including `end`. */
  start: number;
  end: number;
}

/** A file of more restarts is made on purpose, and each is read by a process of its own. */
const MOST_RUNS = 200;
/**
 * Places in a file that look like the start of a header at first sight. In 100 GB of pictures and sound there are 70 by chance; to
 * look at millions would take minutes, in which nobody else is served.
 */
const MOST_HITS = 10_000;
const BLOCK_BYTES = 1024 * 1024;
/** What `sniffContainer` needs. */
const HEAD_BYTES = 4_096;

const EBML = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);
const FTYP = Buffer.from('ftyp');
const MOOV = Buffer.from('moov');

/**
 * Finds where recorders started within a file, by their headers: players and ffmpeg read only the first of several files that
 * were put one after the other. In 100 GB of noise no header is found by chance. Bytes before the first start belong to no run.
 * @throws MediaError for more than 200 runs, or for a file that is full of what looks like headers
 */
export const findRuns = (path: string): Promise<FileRun[]> => inTurn(() => scan(path));

/** A class may hand in a thousand recordings at once. */
const inTurn = pLimit(Math.max(2, availableParallelism()));

async function scan(path: string): Promise<FileRun[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const starts: { at: number; format: MediaFormat }[] = [];
    let movies = 0;
    let hits = 0;
    const onHit = () => {
      hits += 1;
      if (hits > MOST_HITS) throw new MediaError(`The file holds more than ${MOST_HITS} beginnings of recordings that are none.`);
    };
    const block = Buffer.alloc(BLOCK_BYTES + HEAD_BYTES);
    for (let base = 0; base < size; base += BLOCK_BYTES) {
      const { bytesRead } = await file.read(block, 0, block.length, base);
      const bytes = block.subarray(0, bytesRead);
      for (const { at, format, isMovie } of headers(bytes, Math.min(BLOCK_BYTES, bytesRead), onHit)) {
        // The movie of a run that has none yet belongs to its header.
        if (isMovie && starts.at(-1)?.format === 'mp4' && movies++ === 0) continue;
        if (!isMovie) movies = 0;
        starts.push({ at: base + at, format });
        if (starts.length > MOST_RUNS) throw new MediaError(`The file holds more than ${MOST_RUNS} recordings one after the other.`);
      }
    }
    return starts.map(({ at, format }, index) => ({ format, start: at, end: starts[index + 1]?.at ?? size }));
  } finally {
    await file.close();
  }
}

interface Header {
  at: number;
  format: MediaFormat;
  /** `moov`, which need not follow an `ftyp`. */
  isMovie: boolean;
}

/** All headers that start within the first `limit` bytes, in order. */
function headers(bytes: Buffer, limit: number, onHit: () => void): Header[] {
  const found: Header[] = [];
  const look = (pattern: Buffer, before: number, formatAt: (at: number) => MediaFormat | null) => {
    for (let hit = bytes.indexOf(pattern); hit >= 0; hit = bytes.indexOf(pattern, hit + 1)) {
      onHit();
      const at = hit - before;
      const format = at >= 0 && at < limit ? formatAt(at) : null;
      if (format) found.push({ at, format, isMovie: pattern === MOOV });
    }
  };
  const sniffAt = (at: number) => sniffContainer(bytes.subarray(at, at + HEAD_BYTES));
  look(EBML, 0, sniffAt);
  look(FTYP, 4, (at) => (view(bytes).getUint32(at) <= HEAD_BYTES ? sniffAt(at) : null));
  // Its first box is `mvhd`, of 108 or 120 bytes.
  look(MOOV, 4, (at) => (ascii(bytes, at + 12, at + 16) === 'mvhd' && [108, 120].includes(view(bytes).getUint32(at + 8)) ? 'mp4' : null));
  return found.toSorted((a, b) => a.at - b.at);
}
