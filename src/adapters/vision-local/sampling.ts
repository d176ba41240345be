import type { Frame } from '../vision.ts';
import type { Similarity } from './geometry.ts';

/** A square of RGB values, channels last, as the nets take it. */
export type Crop = Float32Array;

const clamp = (value: number, last: number) => Math.min(Math.max(value, 0), last);

/** Samples a position of a crop takes along each side, so that a shrunken picture is averaged, not thinned out. */
const MAX_SAMPLES = 6;

/**
 * Cuts a square of `size` × `size` out of a frame: bilinear, averaged over as many samples as it shrinks by, edges
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
  const { data, width, height } = frame;
  const { cos, sin, dx, dy } = cropToFrame;
  const lastX = width - 1;
  const lastY = height - 1;
  const samples = Math.round(clamp(Math.hypot(cos, sin), MAX_SAMPLES)) || 1;
  const weight = scale / (samples * samples);
  const crop = new Float32Array(size * size * 3);
  // Runs a hundred thousand times a face: no calls, no divisions, nothing allocated.
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0; i < samples; i++) {
        const cropY = row + (i + 0.5) / samples - 0.5;
        for (let k = 0; k < samples; k++) {
          const cropX = column + (k + 0.5) / samples - 0.5;
          let x = cos * cropX - sin * cropY + dx;
          let y = sin * cropX + cos * cropY + dy;
          if (x < 0) x = 0;
          else if (x > lastX) x = lastX;
          if (y < 0) y = 0;
          else if (y > lastY) y = lastY;
          const left = x | 0;
          const top = y | 0;
          const fx = x - left;
          const fy = y - top;
          const topLeft = (top * width + left) * 3;
          const right = left < lastX ? 3 : 0;
          const bottomLeft = top < lastY ? topLeft + width * 3 : topLeft;
          const topRight = topLeft + right;
          const bottomRight = bottomLeft + right;
          const a = (1 - fx) * (1 - fy);
          const b = fx * (1 - fy);
          const c = (1 - fx) * fy;
          const d = fx * fy;
          red += (data[topLeft] ?? 0) * a + (data[topRight] ?? 0) * b + (data[bottomLeft] ?? 0) * c + (data[bottomRight] ?? 0) * d;
          green +=
            (data[topLeft + 1] ?? 0) * a +
            (data[topRight + 1] ?? 0) * b +
            (data[bottomLeft + 1] ?? 0) * c +
            (data[bottomRight + 1] ?? 0) * d;
          blue +=
            (data[topLeft + 2] ?? 0) * a +
            (data[topRight + 2] ?? 0) * b +
            (data[bottomLeft + 2] ?? 0) * c +
            (data[bottomRight + 2] ?? 0) * d;
        }
      }
      const target = (row * size + (flip ? size - 1 - column : column)) * 3;
      crop[target] = red * weight;
      crop[target + 1] = green * weight;
      crop[target + 2] = blue * weight;
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
