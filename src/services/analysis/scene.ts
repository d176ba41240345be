import type { Frame } from '../../adapters/vision.ts';

const COLUMNS = 40;
const ROWS = 30;

/** Of 255; compression alone moves a cell by less. */
const CELL_CHANGE = 24;
/** Share of the cells; a hand that comes into the picture moves more. */
const SCENE_CHANGE = 0.06;

/** Tells of each frame whether something came, went or moved much since the one before. */
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

/** The green channel in a coarse grid, one pixel a cell. */
function thumbnail({ data, width, height }: Frame): Uint8Array {
  const cells = new Uint8Array(COLUMNS * ROWS);
  for (let index = 0; index < cells.length; index += 1) {
    const x = Math.floor((((index % COLUMNS) + 0.5) * width) / COLUMNS);
    const y = Math.floor(((Math.floor(index / COLUMNS) + 0.5) * height) / ROWS);
    cells[index] = data[(y * width + x) * 3 + 1] ?? 0;
  }
  return cells;
}
