import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { projectRoot } from '../../src/paths.ts';

const sample = (number: number) => readFile(join(projectRoot, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`));
const bytes = (buffer: Buffer) => new Uint8Array(buffer);

/** One woman of a picture of several. */
const woman = async (left: number, top: number) =>
  bytes(
    await sharp(await sample(6))
      .extract({ left, top, width: 340, height: 400 })
      .jpeg()
      .toBuffer(),
  );

/** Encoded JPEGs. */
export const faces = {
  one: () => woman(180, 420),
  another: () => woman(640, 190),
  several: async () => bytes(await sample(3)),
  nobody: async () =>
    bytes(
      await sharp({ create: { width: 640, height: 480, channels: 3, background: '#8899aa' } })
        .jpeg()
        .toBuffer(),
    ),
};
