import type { Frame } from '../vision.ts';
import { type Point, type Similarity, transform } from './geometry.ts';

/** A square of RGB values, channels last, as the nets expect. */
export type Crop = Float32Array;

const clamp = (value: number, last: number) => Math.min(Math.max(value, 0), last);

/** Maximum factor by which a picture is shrunk before it is cropped. */
const MOST_SHRUNK = 6;

/** A shrunk part of a frame: square blocks of pixels become one, and edges are repeated beyond the frame. */
interface Region {
  data: Float32Array;
  width: number;
  /** Position of the first block's corner in frame pixels. */
  left: number;
  top: number;
}

/** Shared buffer that grows to the largest region so far: a region is fully used before the next one is made. */
let scratch = new Float32Array(0);

/** Indices of the columns in each block, `shrink` per block; beyond the frame, those at its edge. */
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
  // Runs once per pixel of the region: no calls, no divisions, no allocations.
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
 * Crops a square of `size` × `size` from a frame: bilinear, from a copy shrunk by the same factor, with edges repeated beyond the
 * frame.
 * @param cropToFrame maps each pixel of the crop to its position in the frame.
 * @param options.flip mirrors left and right.
 * @param options.scale factor for the channels 0..255.
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
  // The value of a pixel, and of a block, belongs to its centre.
  const dx = (cropToFrame.dx - left + 0.5) / shrink - 0.5;
  const dy = (cropToFrame.dy - top + 0.5) / shrink - 0.5;
  const below = width * 3;
  const crop = new Float32Array(size * size * 3);
  // Runs tens of thousands of times per face, as above.
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

/** A batch of two: the crop and its mirror image. */
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
  /** Letterbox pixels per frame pixel. */
  zoom: number;
}

/** Where to read along one side: the index before and after each target position, and the fraction between them. */
function taps(from: number, to: number): { before: Int32Array; after: Int32Array; between: Float64Array } {
  const before = new Int32Array(to);
  const after = new Int32Array(to);
  const between = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const position = clamp(((i + 0.5) * from) / to - 0.5, from - 1);
    const index = Math.trunc(position);
    before[i] = index;
    after[i] = Math.min(index + 1, from - 1);
    between[i] = position - index;
  }
  return { before, after, between };
}

/**
 * Fits a whole frame into the top left of a square of `size`, keeping its aspect ratio: bilinear.
 * @param range converts a channel 0..255 with `value * scale + offset`; the rest of the square is `fill`.
 */
export function letterbox(frame: Frame, size: number, range: { scale: number; offset: number; fill: number }): Letterbox {
  const { data } = frame;
  const { scale, offset, fill } = range;
  const zoom = size / Math.max(frame.width, frame.height);
  const width = Math.max(1, Math.round(frame.width * zoom));
  const height = Math.max(1, Math.round(frame.height * zoom));
  const columns = taps(frame.width, width);
  const rows = taps(frame.height, height);
  const pixels = new Float32Array(size * size * 3).fill(fill);
  // Runs tens of thousands of times per frame: no calls, no allocations.
  for (let row = 0; row < height; row++) {
    const above = (rows.before[row] ?? 0) * frame.width;
    const below = (rows.after[row] ?? 0) * frame.width;
    const fy = rows.between[row] ?? 0;
    let target = row * size * 3;
    for (let column = 0; column < width; column++) {
      const before = columns.before[column] ?? 0;
      const after = columns.after[column] ?? 0;
      const fx = columns.between[column] ?? 0;
      const a = (1 - fx) * (1 - fy) * scale;
      const b = fx * (1 - fy) * scale;
      const c = (1 - fx) * fy * scale;
      const d = fx * fy * scale;
      const topLeft = (above + before) * 3;
      const topRight = (above + after) * 3;
      const left = (below + before) * 3;
      const right = (below + after) * 3;
      pixels[target] = (data[topLeft] ?? 0) * a + (data[topRight] ?? 0) * b + (data[left] ?? 0) * c + (data[right] ?? 0) * d + offset;
      pixels[target + 1] =
        (data[topLeft + 1] ?? 0) * a + (data[topRight + 1] ?? 0) * b + (data[left + 1] ?? 0) * c + (data[right + 1] ?? 0) * d + offset;
      pixels[target + 2] =
        (data[topLeft + 2] ?? 0) * a + (data[topRight + 2] ?? 0) * b + (data[left + 2] ?? 0) * c + (data[right + 2] ?? 0) * d + offset;
      target += 3;
    }
  }
  return { pixels, zoom };
}

/** The frame with a grey border that is `share` of each side wide. */
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
