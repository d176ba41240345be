import type { Box, Frame, FoundPhone } from '../vision.ts';
import { models, OBJECTS_SIZE } from './models.ts';
import { letterbox } from './sampling.ts';

const STRIDE = 4;
const GRID = OBJECTS_SIZE / STRIDE;
const MIN_SCORE = 0.1;
/** Share of the frame: a phone held before a webcam covers 2 % and more. Smaller ones are mostly other things: collars, microphones, shadows. */
const MIN_AREA = 0.01;

/** Phones are peaks of the class's heat map (CenterNet, Zhou et al. 2019, arXiv:1904.07850); best first. */
export async function detectPhones(frame: Frame): Promise<FoundPhone[]> {
  const run = await models.objects();
  const { pixels, zoom } = letterbox(frame, OBJECTS_SIZE, { scale: 1, offset: 0, fill: 0 });
  const { phones, extents } = await run(pixels, [1, OBJECTS_SIZE, OBJECTS_SIZE, 3]);
  const scoreAt = (x: number, y: number) => (x < 0 || y < 0 || x >= GRID || y >= GRID ? 0 : (phones[y * GRID + x] ?? 0));
  const isPeak = (x: number, y: number) => {
    const score = scoreAt(x, y);
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) if (scoreAt(x + dx, y + dy) > score) return false;
    return true;
  };
  const boxAt = (x: number, y: number): Box => {
    const cell = (y * GRID + x) * 4;
    const [left = 0, top = 0, right = 0, bottom = 0] = extents.subarray(cell, cell + 4);
    return { x: (x * STRIDE - left) / zoom, y: (y * STRIDE - top) / zoom, width: (left + right) / zoom, height: (top + bottom) / zoom };
  };
  const found: FoundPhone[] = [];
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      const score = scoreAt(x, y);
      if (score < MIN_SCORE || !isPeak(x, y)) continue;
      const box = boxAt(x, y);
      if (box.width * box.height >= MIN_AREA * frame.width * frame.height) found.push({ score, box });
    }
  }
  return found.sort((a, b) => b.score - a.score);
}
