import type { Frame } from '../vision.ts';
import { type Point, type Similarity, transform } from './geometry.ts';

/** A square of RGB values, channels last, as the nets take it. */
export type Crop = Float32Array;

const clamp = (value: number, last: number) => Math.min(Math.max(value, 0), last);

/** How much a picture is shrunk at most before it is cut. */
const MOST_SHRUNK = 6;

/** A part of a frame, shrunk: square blocks of its pixels are one, and its edges go on beyond the frame. */
interface Region {
  data: Float32Array;
  width: number;
  /** Frame pixels of the first block's corner. */
  left: number;
  top: number;
}

/** Grows to the largest region there was: what is cut is read before the next one is made. */
let scratch = new Float32Array(0);

/** Indices of the columns that fall into each block, `shrink` a block, beyond the frame those at its edge. */
function columnsOf(left: number, blocks: number, shrink: number, lastX: number): Int32Array {
  return Int32Array.from({ length: blocks * shrink }, (_, i) => clamp(left + i, lastX) * 3);
}

function shrinkRegion({ data, width: frameWidth, height: frameHeight }: Frame, corners: readonly Point[], shrink: number): Region {
  const left = Math.floor(Math.min(...corners.map(({ x }) => x))) - shrink;
  const top = Math.floor(Math.min(...corners.map(({ y }) => y))) - shrink;
  const width = Math.ceil((Math.max(...corners.map(({ x }) => x)) - left) / shrink) + 2;
  const height = Math.ceil((Math.max(...corners.map(({ y }) => y)) - top) / shrink) + 2;
  const columns = columnsOf(left, width, shrink, frameWidth - 1);
  const length = width * height * 3;
  if (scratch.length < length) scratch = new Float32Array(length);
  const region = scratch;
  const weight = 1 / (shrink * shrink);
  // Runs once a pixel of the region: no calls, no divisions, nothing allocated.
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0; i < shrink; i++) {
        const y = top + row * shrink + i;
        const start = (y < 0 ? 0 : y < frameHeight ? y : frameHeight - 1) * frameWidth * 3;
        for (let k = 0; k < shrink; k++) {
          const from = start + (columns[column * shrink + k] ?? 0);
          red += data[from] ?? 0;
          green += data[from + 1] ?? 0;
          blue += data[from + 2] ?? 0;
        }
      }
      region[at] = red * weight;
      region[at + 1] = green * weight;
      region[at + 2] = blue * weight;
      at += 3;
    }
  }
  return { data: region, width, left, top };
}

/**
 * Cuts a square of `size` × `size` out of a frame: bilinear, out of a copy that is as much smaller as the square is, edges
 * repeated beyond the frame.
 * @param cropToFrame Where each pixel of the crop lies in the frame.
 * @param options.flip Left and right.
 * @param options.scale What the channels of 0..255 are multiplied by.
 */
export function cutCrop(
  frame: Frame,
  cropToFrame: Similarity,
  size: number,
  { flip = false, scale = 1 }: { flip?: boolean; scale?: number } = {},
): Crop {
  const shrink = Math.round(clamp(Math.hypot(cropToFrame.cos, cropToFrame.sin), MOST_SHRUNK)) || 1;
  const last = size - 1;
  const corners = [
    { x: 0, y: 0 },
    { x: last, y: 0 },
    { x: 0, y: last },
    { x: last, y: last },
  ].map((corner) => transform(cropToFrame, corner));
  const { data, width, left, top } = shrinkRegion(frame, corners, shrink);
  const cos = cropToFrame.cos / shrink;
  const sin = cropToFrame.sin / shrink;
  // A pixel's value is that of its middle, a block's too.
  const dx = (cropToFrame.dx - left + 0.5) / shrink - 0.5;
  const dy = (cropToFrame.dy - top + 0.5) / shrink - 0.5;
  const below = width * 3;
  const crop = new Float32Array(size * size * 3);
  // Runs tens of thousands of times a face, as above.
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = cos * column - sin * row + dx;
      const y = sin * column + cos * row + dy;
      const xIndex = x | 0;
      const yIndex = y | 0;
      const fx = x - xIndex;
      const fy = y - yIndex;
      const from = (yIndex * width + xIndex) * 3;
      const a = (1 - fx) * (1 - fy) * scale;
      const b = fx * (1 - fy) * scale;
      const c = (1 - fx) * fy * scale;
      const d = fx * fy * scale;
      const under = from + below;
      const target = (row * size + (flip ? last - column : column)) * 3;
      crop[target] = (data[from] ?? 0) * a + (data[from + 3] ?? 0) * b + (data[under] ?? 0) * c + (data[under + 3] ?? 0) * d;
      crop[target + 1] = (data[from + 1] ?? 0) * a + (data[from + 4] ?? 0) * b + (data[under + 1] ?? 0) * c + (data[under + 4] ?? 0) * d;
      crop[target + 2] = (data[from + 2] ?? 0) * a + (data[from + 5] ?? 0) * b + (data[under + 2] ?? 0) * c + (data[under + 5] ?? 0) * d;
    }
  }
  return crop;
}

/** A batch of two: the crop, and its mirror image. */
export function withMirrored(crop: Crop, size: number): Float32Array {
  const batch = new Float32Array(2 * crop.length);
  batch.set(crop);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const from = (row * size + column) * 3;
      const to = crop.length + (row * size + size - 1 - column) * 3;
      batch[to] = crop[from] ?? 0;
      batch[to + 1] = crop[from + 1] ?? 0;
      batch[to + 2] = crop[from + 2] ?? 0;
    }
  }
  return batch;
}

export interface Letterbox {
  pixels: Float32Array;
  /** Letterbox pixels a frame pixel. */
  zoom: number;
}

/** Where to read along one side: the index before and after each target position, and how far between them. */
function taps(from: number, to: number): { before: Int32Array; after: Int32Array; between: Float32Array } {
  const before = new Int32Array(to);
  const after = new Int32Array(to);
  const between = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = clamp(((i + 0.5) * from) / to - 0.5, from - 1);
    const index = Math.trunc(position);
    before[i] = index;
    after[i] = Math.min(index + 1, from - 1);
    between[i] = position - index;
  }
  return { before, after, between };
}

/** Shrinks or stretches one row of the frame to `columns`, into `target`. */
function resampleRow({ data, width }: Frame, row: number, columns: ReturnType<typeof taps>, target: Float64Array): void {
  const { before, after, between } = columns;
  const start = row * width * 3;
  let at = 0;
  for (let column = 0; column < before.length; column++) {
    const left = start + (before[column] ?? 0) * 3;
    const right = start + (after[column] ?? 0) * 3;
    const share = between[column] ?? 0;
    const red = data[left] ?? 0;
    const green = data[left + 1] ?? 0;
    const blue = data[left + 2] ?? 0;
    target[at] = red + ((data[right] ?? 0) - red) * share;
    target[at + 1] = green + ((data[right + 1] ?? 0) - green) * share;
    target[at + 2] = blue + ((data[right + 2] ?? 0) - blue) * share;
    at += 3;
  }
}

/**
 * Fits a whole frame into the top left of a square of `size`, its shape kept.
 * @param range How a channel of 0..255 becomes a value: `value * scale + offset`; the rest of the square holds `fill`.
 */
export function letterbox(frame: Frame, size: number, range: { scale: number; offset: number; fill: number }): Letterbox {
  const { scale, offset, fill } = range;
  const zoom = size / Math.max(frame.width, frame.height);
  const width = Math.max(1, Math.round(frame.width * zoom));
  const height = Math.max(1, Math.round(frame.height * zoom));
  const columns = taps(frame.width, width);
  const rows = taps(frame.height, height);
  const pixels = new Float32Array(size * size * 3).fill(fill);
  // Most rows of the frame are read for two rows of the square: the last two are kept.
  let upper = { row: -1, values: new Float64Array(width * 3) };
  let lower = { row: -1, values: new Float64Array(width * 3) };
  const load = (kept: typeof upper, row: number) => {
    if (kept.row !== row) resampleRow(frame, row, columns, kept.values);
    kept.row = row;
  };
  for (let row = 0; row < height; row++) {
    const top = rows.before[row] ?? 0;
    if (lower.row === top) [upper, lower] = [lower, upper];
    load(upper, top);
    load(lower, rows.after[row] ?? 0);
    mixRows(upper.values, lower.values, rows.between[row] ?? 0, { pixels, at: row * size * 3, scale, offset });
  }
  return { pixels, zoom };
}

function mixRows(
  upper: Float64Array,
  lower: Float64Array,
  share: number,
  { pixels, at, scale, offset }: { pixels: Float32Array; at: number; scale: number; offset: number },
): void {
  for (let i = 0; i < upper.length; i++) {
    const value = upper[i] ?? 0;
    pixels[at + i] = (value + ((lower[i] ?? 0) - value) * share) * scale + offset;
  }
}

/** The frame with a grey border of `share` of each side around it. */
export function padFrame(frame: Frame, share: number): { frame: Frame; left: number; top: number } {
  const left = Math.round(frame.width * share);
  const top = Math.round(frame.height * share);
  const width = frame.width + 2 * left;
  const height = frame.height + 2 * top;
  const data = new Uint8Array(width * height * 3).fill(110);
  for (let row = 0; row < frame.height; row++) {
    data.set(frame.data.subarray(row * frame.width * 3, (row + 1) * frame.width * 3), ((row + top) * width + left) * 3);
  }
  return { frame: { data, width, height }, left, top };
}
