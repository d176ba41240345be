import { readFields } from './protobuf.ts';

/** TensorProto.DataType. */
const FLOAT = 1;

const messages = (message: Uint8Array, wanted: number): Uint8Array[] =>
  [...readFields(message)].flatMap(({ field, value }) => (field === wanted && typeof value !== 'number' ? [value] : []));

function readTensor(tensor: Uint8Array): Float32Array | null {
  const isFloat = [...readFields(tensor)].some(({ field, value }) => field === 2 && value === FLOAT);
  const [raw] = messages(tensor, 9);
  // A copy, because it is aligned for floats.
  return isFloat && raw ? new Float32Array(new Uint8Array(raw).buffer) : null;
}

function collect(graph: Uint8Array, constants: Map<string, Float32Array>): void {
  for (const node of messages(graph, 1)) {
    const [output] = messages(node, 2);
    for (const attribute of messages(node, 5)) {
      const tensors = messages(attribute, 5).flatMap((tensor) => readTensor(tensor) ?? []);
      for (const tensor of tensors) constants.set(Buffer.from(output ?? []).toString(), tensor);
      for (const branch of messages(attribute, 6)) collect(branch, constants);
    }
  }
}

/**
 * The float constants of an ONNX model, including its branches, by value name. Field numbers are those of onnx/onnx.proto3.
 */
export function readConstants(model: Uint8Array): ReadonlyMap<string, Float32Array> {
  const constants = new Map<string, Float32Array>();
  for (const graph of messages(model, 7)) collect(graph, constants);
  return constants;
}
