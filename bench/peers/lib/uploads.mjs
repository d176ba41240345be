import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes a stream to a new file while hashing it, like a simple program, but durably like ours. The benchmark removes the file. */
export async function store(source) {
  const path = join(process.env.DATA_DIR ?? '.', randomUUID());
  const hash = createHash('sha256');
  let size = 0;
  const tap = new PassThrough({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(source, tap, createWriteStream(path, { flush: true }));
  return { size, sha256: hash.digest('hex') };
}
