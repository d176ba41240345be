import type { Box, Frame } from '../vision.ts';
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
 */
export function cutCrop(frame: Frame, cropToFrame: Similarity, size: number, options: { flip?: boolean } = {}): Crop {
  const { data, width, height } = frame;
  const { cos, sin, dx, dy } = cropToFrame;
  const at = (offset: number) => data[offset] ?? 0;
  const samples = Math.round(clamp(Math.hypot(cos, sin), MAX_SAMPLES)) || 1;
  const weight = 1 / (samples * samples);
  const crop = new Float32Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0; i < samples * samples; i++) {
        const cropX = column + ((i % samples) + 0.5) / samples - 0.5;
        const cropY = row + (Math.trunc(i / samples) + 0.5) / samples - 0.5;
        const x = clamp(cos * cropX - sin * cropY + dx, width - 1);
        const y = clamp(sin * cropX + cos * cropY + dy, height - 1);
        const left = Math.trunc(x);
        const top = Math.trunc(y);
        const right = Math.min(left + 1, width - 1);
        const bottom = Math.min(top + 1, height - 1);
        const fx = x - left;
        const fy = y - top;
        const topLeft = (top * width + left) * 3;
        const topRight = (top * width + right) * 3;
        const bottomLeft = (bottom * width + left) * 3;
        const bottomRight = (bottom * width + right) * 3;
        const a = (1 - fx) * (1 - fy);
        const b = fx * (1 - fy);
        const c = (1 - fx) * fy;
        const d = fx * fy;
        red += at(topLeft) * a + at(topRight) * b + at(bottomLeft) * c + at(bottomRight) * d;
        green += at(topLeft + 1) * a + at(topRight + 1) * b + at(bottomLeft + 1) * c + at(bottomRight + 1) * d;
        blue += at(topLeft + 2) * a + at(topRight + 2) * b + at(bottomLeft + 2) * c + at(bottomRight + 2) * d;
      }
      const target = (row * size + (options.flip ? size - 1 - column : column)) * 3;
      crop[target] = red * weight;
      crop[target + 1] = green * weight;
      crop[target + 2] = blue * weight;
    }
  }
  return crop;
}

/** The upright square about a box's centre, as wide as its longer side. */
export function boxToCrop({ x, y, width, height }: Box, size: number): Similarity {
  const side = Math.max(width, height);
  const scale = side / size;
  const offset = scale / 2 - 0.5 - side / 2;
  return { cos: scale, sin: 0, dx: x + width / 2 + offset, dy: y + height / 2 + offset };
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

/**
 * Fits a whole frame into the top left of a square of `size`, its shape kept.
 * @param range How a channel of 0..255 becomes a value: `value * scale + offset`; the rest of the square holds `fill`.
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
  const at = (offset: number) => data[offset] ?? 0;
  for (let row = 0; row < height; row++) {
    const top = (rows.before[row] ?? 0) * frame.width;
    const bottom = (rows.after[row] ?? 0) * frame.width;
    const fy = rows.between[row] ?? 0;
    for (let column = 0; column < width; column++) {
      const left = columns.before[column] ?? 0;
      const right = columns.after[column] ?? 0;
      const fx = columns.between[column] ?? 0;
      const target = (row * size + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const topLeft = at((top + left) * 3 + channel);
        const bottomLeft = at((bottom + left) * 3 + channel);
        const upper = topLeft + (at((top + right) * 3 + channel) - topLeft) * fx;
        const lower = bottomLeft + (at((bottom + right) * 3 + channel) - bottomLeft) * fx;
        pixels[target + channel] = (upper + (lower - upper) * fy) * scale + offset;
      }
    }
  }
  return { pixels, zoom };
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
