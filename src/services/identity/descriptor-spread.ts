import { PACKED, WEIGHTS } from './spread.ts';

const VALUES = 128;
const MOST = 32_767;

const packed = Buffer.from(PACKED, 'base64');
/** The mean, then the directions. */
const rows = Array.from({ length: 1 + WEIGHTS.length }, (_, row) =>
  Float64Array.from({ length: VALUES }, (__, i) => packed.readInt16LE(2 * (row * VALUES + i)) / MOST),
);
const [mean = new Float64Array(VALUES), ...directions] = rows;

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/**
 * dlib's descriptor without what groups of people share: minus the mean of many strangers, the 16 directions along which they lie
 * furthest apart made as short as the next one, again of unit length. dlib's net as it is takes 35 % of East Asian women for one
 * another, because they lie close together along these directions. It is derived from what the net gave, so faces that were kept
 * earlier stay comparable. `scripts/fit-faces.mjs` computes the constants.
 * @param descriptor 128 values of unit length
 */
export function withoutShared(descriptor: Float32Array): Float64Array {
  const own = mean.map((value, i) => (descriptor[i] ?? 0) - value);
  // The directions are orthogonal: shortening one leaves the length of the others as it is.
  directions.forEach((direction, k) => {
    const excess = dot(own, direction) * (1 - (WEIGHTS[k] ?? 1));
    direction.forEach((value, i) => {
      own[i] = (own[i] ?? 0) - excess * value;
    });
  });
  const length = Math.sqrt(dot(own, own));
  return own.map((value) => value / length);
}
