export interface WeightTensor {
  shape: number[];
  data: Float32Array | Int32Array;
}

export type Weights = ReadonlyMap<string, WeightTensor>;

interface Quantization {
  dtype: 'uint8' | 'uint16' | 'float16';
  scale: number;
  min: number;
}

/** One entry of a TensorFlow.js weights manifest; the tensors are consecutive in the binary file. */
export interface ManifestEntry {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32';
  quantization?: Quantization;
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** A table of all 65,536 half-precision values, because a net contains millions of them. */
let halves: Float32Array | undefined;
const allHalves = () => (halves ??= new Float32Array(0x1_0000).map((_, bits) => halfToNumber(bits)));

/** `Float32Array.from` with a function is twenty times slower, because it uses an iterator. */
function mapToFloats(source: Uint8Array | Uint16Array, toFloat: (value: number) => number): Float32Array {
  const floats = new Float32Array(source.length);
  source.forEach((value: number, i: number) => (floats[i] = toFloat(value)));
  return floats;
}

/** A copy that is aligned for any typed array. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const bytesPerValue = { float16: 2, uint16: 2, uint8: 1 } as const;

function decodeTensor({ dtype, quantization }: ManifestEntry, bytes: Uint8Array): Float32Array | Int32Array {
  if (!quantization) return dtype === 'int32' ? new Int32Array(aligned(bytes)) : new Float32Array(aligned(bytes));
  const { scale, min } = quantization;
  if (quantization.dtype === 'uint8') return mapToFloats(bytes, (step) => step * scale + min);
  const words = new Uint16Array(aligned(bytes));
  if (quantization.dtype === 'uint16') return mapToFloats(words, (step) => step * scale + min);
  const table = allHalves();
  return mapToFloats(words, (bits) => table[bits] ?? 0);
}

/** Unpacks (and dequantises) all tensors of a manifest; the files are little-endian, like every machine that runs this. */
export function decodeWeights(entries: readonly ManifestEntry[], bytes: Buffer): Weights {
  const weights = new Map<string, WeightTensor>();
  let offset = 0;
  for (const entry of entries) {
    const length = entry.shape.reduce((product, side) => product * side, 1);
    const end = offset + length * (entry.quantization ? bytesPerValue[entry.quantization.dtype] : 4);
    weights.set(entry.name, { shape: entry.shape, data: decodeTensor(entry, bytes.subarray(offset, end)) });
    offset = end;
  }
  if (offset !== bytes.length) throw new Error(`Weights hold ${bytes.length} bytes, their manifest describes ${offset}`);
  return weights;
}

export function weightOf(weights: Weights, name: string): WeightTensor {
  const found = weights.get(name);
  if (!found) throw new Error(`Weights hold no tensor ${name}`);
  return found;
}
