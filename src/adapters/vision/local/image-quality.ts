import type { Crop } from './sampling.ts';

/** Rec. 601 luma, 0..1. */
function toLuma(crop: Crop): Float32Array {
  const luma = new Float32Array(crop.length / 3);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (0.299 * (crop[3 * i] ?? 0) + 0.587 * (crop[3 * i + 1] ?? 0) + 0.114 * (crop[3 * i + 2] ?? 0)) / 255;
  }
  return luma;
}

function momentsOf(values: Float32Array): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, variance: Math.max(0, squares / values.length - mean * mean) };
}

/** The difference from the four neighbours. */
function laplacian(luma: Float32Array, size: number): Float32Array {
  const inner = size - 2;
  const differences = new Float32Array(inner * inner);
  for (let y = 0; y < inner; y++) {
    for (let x = 0; x < inner; x++) {
      const at = (y + 1) * size + x + 1;
      const around = (luma[at - 1] ?? 0) + (luma[at + 1] ?? 0) + (luma[at - size] ?? 0) + (luma[at + size] ?? 0);
      differences[y * inner + x] = around - 4 * (luma[at] ?? 0);
    }
  }
  return differences;
}

/** Detail, relative to contrast, at which blur is 0.5. */
const HALF_BLURRED = 0.01;

/**
 * How dark and how blurred an aligned face is.
 *
 * Blur is the variance of the Laplacian (Pech-Pacheco et al. 2000) divided by that of the picture, so that it does not depend on
 * exposure or contrast, mapped to 0..1.
 */
export function faceQuality(chip: Crop, size: number): { blur: number; brightness: number } {
  const luma = toLuma(chip);
  const { mean: brightness, variance: contrast } = momentsOf(luma);
  const detail = contrast > 0 ? momentsOf(laplacian(luma, size)).variance / contrast : 0;
  return { blur: HALF_BLURRED / (HALF_BLURRED + detail), brightness };
}
