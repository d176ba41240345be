import type { Crop } from './sampling.ts';

/** Rec. 601 luma, 0..1. */
function toLuma(crop: Crop): Float32Array {
  const luma = new Float32Array(crop.length / 3);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (0.299 * (crop[3 * i] ?? 0) + 0.587 * (crop[3 * i + 1] ?? 0) + 0.114 * (crop[3 * i + 2] ?? 0)) / 255;
  }
  return luma;
}

const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function varianceOf(values: Float32Array): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/** What differs from the four neighbours. */
function laplacian(luma: Float32Array, size: number): Float32Array {
  const inner = size - 2;
  const at = (x: number, y: number) => luma[y * size + x] ?? 0;
  return new Float32Array(inner * inner).map((_, i) => {
    const x = (i % inner) + 1;
    const y = Math.trunc(i / inner) + 1;
    return at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
  });
}

/** Detail, relative to contrast, at which blur reads 0.5. */
const HALF_BLURRED = 0.01;

/**
 * How dark and how blurred an aligned face is.
 *
 * Blur is the variance of the Laplacian (Pech-Pacheco et al. 2000) over that of the picture, so that neither exposure nor
 * contrast changes it, brought to 0..1.
 */
export function faceQuality(chip: Crop, size: number): { blur: number; brightness: number } {
  const luma = toLuma(chip);
  const contrast = varianceOf(luma);
  const detail = contrast > 0 ? varianceOf(laplacian(luma, size)) / contrast : 0;
  return { blur: HALF_BLURRED / (HALF_BLURRED + detail), brightness: meanOf(luma) };
}
