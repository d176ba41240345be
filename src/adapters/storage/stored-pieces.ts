import { read } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TakePiece } from './storage.ts';

/** Measured: with 256 KB a download costs a tenth more CPU, with 128 KB a third. */
const PIECE_BYTES = 1024 * 1024;
/** A new megabyte for each download costs more than to read it. */
const spare: Buffer[] = [];
const MOST_SPARE = 8;

/** Bytes `start` to `end` of a file, both included. @throws before the first piece where it is missing */
export async function handOverFile(path: string, range: { start: number; end: number }, take: TakePiece): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    await readInto(handle.fd, buffer, range, take);
    // After an error somebody may hold it yet.
    if (spare.length < MOST_SPARE) spare.push(buffer);
  } finally {
    await handle.close();
  }
}

/** By callbacks: with a promise for each step a download costs a tenth more CPU. */
function readInto(fd: number, buffer: Buffer, { start, end }: { start: number; end: number }, take: TakePiece): Promise<void> {
  return new Promise((resolve, reject) => {
    let at = start;
    const next = (failure?: Error | null) => {
      if (failure) reject(failure);
      else if (at > end) resolve();
      else read(fd, buffer, 0, Math.min(buffer.length, end + 1 - at), at, onRead);
    };
    const onRead = (failure: Error | null, bytesRead: number) => {
      if (failure) return reject(failure);
      if (bytesRead === 0) return reject(new Error('a stored file is shorter than it was'));
      at += bytesRead;
      take(buffer.subarray(0, bytesRead), next);
    };
    next();
  });
}

/** For what is read as a stream of pieces of its own. */
export async function handOverPieces(pieces: AsyncIterable<Uint8Array>, take: TakePiece): Promise<void> {
  for await (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      take(piece, (failure) => (failure ? reject(failure) : resolve()));
    });
  }
}
