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

/** One entry of a TensorFlow.js weights manifest; the tensors follow one another in the binary file. */
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

type Reader = { width: number; read: (bytes: Buffer, offset: number) => number };

const readers: Record<ManifestEntry['dtype'], Reader> = {
  float32: { width: 4, read: (bytes, offset) => bytes.readFloatLE(offset) },
  int32: { width: 4, read: (bytes, offset) => bytes.readInt32LE(offset) },
};

function readerOf({ dtype, quantization }: ManifestEntry): Reader {
  if (!quantization) return readers[dtype];
  if (quantization.dtype === 'float16') return { width: 2, read: (bytes, offset) => halfToNumber(bytes.readUInt16LE(offset)) };
  const { scale, min } = quantization;
  if (quantization.dtype === 'uint16') return { width: 2, read: (bytes, offset) => bytes.readUInt16LE(offset) * scale + min };
  return { width: 1, read: (bytes, offset) => bytes.readUInt8(offset) * scale + min };
}

/** Unpacks (and dequantises) all tensors of a manifest. */
export function decodeWeights(entries: readonly ManifestEntry[], bytes: Buffer): Weights {
  const weights = new Map<string, WeightTensor>();
  let offset = 0;
  for (const entry of entries) {
    const { width, read } = readerOf(entry);
    const length = entry.shape.reduce((product, side) => product * side, 1);
    const data = entry.dtype === 'int32' ? new Int32Array(length) : new Float32Array(length);
    for (let i = 0; i < length; i++, offset += width) data[i] = read(bytes, offset);
    weights.set(entry.name, { shape: entry.shape, data });
  }
  if (offset !== bytes.length) throw new Error(`Weights hold ${bytes.length} bytes, their manifest describes ${offset}`);
  return weights;
}

export function weightOf(weights: Weights, name: string): WeightTensor {
  const found = weights.get(name);
  if (!found) throw new Error(`Weights hold no tensor ${name}`);
  return found;
}
