import type { Frame } from '../../adapters/vision/vision.ts';

const COLUMNS = 40;
const ROWS = 30;
/** Every second pixel is enough for a mean. */
const PIXEL_STEP = 2;

/** Out of 255; compression alone changes a cell by less. */
const CELL_CHANGE = 24;
/** Share of the cells; a hand that comes into the picture changes more. */
const SCENE_CHANGE = 0.06;

/** Out of 255; a still picture that was compressed again flickers by less. */
const PIXEL_CHANGE = 3;

/** Whether two frames show the same, pixel by pixel: the findings of one then hold for the other. */
export function isSamePicture(a: Frame, b: Frame): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  for (let at = 0; at < a.data.length; at += 1) {
    const change = (a.data[at] ?? 0) - (b.data[at] ?? 0);
    if (change > PIXEL_CHANGE || change < -PIXEL_CHANGE) return false;
  }
  return true;
}

/** Tells for each frame whether something came, went or moved much since the previous one. */
export function createSceneWatch(): { hasChanged(frame: Frame): boolean } {
  let before: Uint8Array | null = null;
  return {
    hasChanged(frame) {
      const cells = thumbnail(frame);
      const changed = before === null ? cells.length : countChanged(before, cells);
      before = cells;
      return changed >= cells.length * SCENE_CHANGE;
    },
  };
}

const countChanged = (before: Uint8Array, after: Uint8Array) =>
  after.reduce((count, value, index) => count + (Math.abs(value - (before[index] ?? 0)) > CELL_CHANGE ? 1 : 0), 0);

/** Where each cell begins along a side, and where the last one ends; in pixels. */
const edges = (side: number, cells: number) => Int32Array.from({ length: cells + 1 }, (_, cell) => Math.ceil((cell * side) / cells));

/** The mean of the green channel in a coarse grid. */
export function thumbnail({ data, width, height }: Frame): Uint8Array {
  const columns = edges(width, COLUMNS);
  const sums = new Uint32Array(COLUMNS * ROWS);
  const pixels = new Uint32Array(COLUMNS * ROWS);
  for (let y = 0; y < height; y += PIXEL_STEP) {
    const row = Math.floor((y * ROWS) / height) * COLUMNS;
    const start = y * width * 3 + 1;
    let x = 0;
    for (let column = 0; column < COLUMNS; column++) {
      const end = columns[column + 1] ?? width;
      let sum = 0;
      let count = 0;
      for (; x < end; x += PIXEL_STEP) {
        sum += data[start + x * 3] ?? 0;
        count += 1;
      }
      sums[row + column] = (sums[row + column] ?? 0) + sum;
      pixels[row + column] = (pixels[row + column] ?? 0) + count;
    }
  }
  return Uint8Array.from(sums, (sum, cell) => sum / Math.max(1, pixels[cell] ?? 1));
}
