import { ProtobufWriter } from './protobuf.ts';

/** A named dimension may have any length. */
export type Dimension = number | string;
export type Attribute = number | string | readonly number[];
export type TensorData = Float32Array | Int32Array | BigInt64Array;
export type Attributes = Readonly<Record<string, Attribute>>;

const IR_VERSION = 8;
/** The last opset whose ReduceMean still takes its axes as an attribute; every operator used here is older. */
const OPSET = 13;
/** TensorProto.DataType. */
const ElementType = { float: 1, int32: 6, int64: 7 } as const;
/** AttributeProto.AttributeType. */
const AttributeType = { int: 2, string: 3, ints: 7 } as const;

function elementType(data: TensorData): number {
  if (data instanceof Float32Array) return ElementType.float;
  return data instanceof Int32Array ? ElementType.int32 : ElementType.int64;
}

function tensorProto(name: string, dims: readonly number[], data: TensorData): ProtobufWriter {
  const tensor = new ProtobufWriter();
  for (const side of dims) tensor.int(1, side);
  return tensor
    .int(2, elementType(data))
    .string(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function attributeProto(name: string, value: Attribute): ProtobufWriter {
  const attribute = new ProtobufWriter().string(1, name);
  if (typeof value === 'string') return attribute.string(4, value).int(20, AttributeType.string);
  if (typeof value === 'number') return attribute.int(3, value).int(20, AttributeType.int);
  for (const item of value) attribute.int(8, item);
  return attribute.int(20, AttributeType.ints);
}

/** ValueInfoProto of a float tensor; without `dims` its shape is inferred. */
function valueInfo(name: string, dims?: readonly Dimension[]): ProtobufWriter {
  const tensorType = new ProtobufWriter().int(1, ElementType.float);
  if (dims) {
    const shape = new ProtobufWriter();
    for (const side of dims) {
      const dimension = new ProtobufWriter();
      shape.message(1, typeof side === 'number' ? dimension.int(1, side) : dimension.string(2, side));
    }
    tensorType.message(2, shape);
  }
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}

/**
 * Builds an ONNX model in memory, value by value: every method that adds a value returns its name, for use as an input of the
 * next. Field numbers are those of onnx/onnx.proto3.
 */
export class OnnxGraph {
  readonly #nodes: ProtobufWriter[] = [];
  readonly #constants: ProtobufWriter[] = [];
  readonly #inputs: ProtobufWriter[] = [];
  readonly #outputs: ProtobufWriter[] = [];
  #values = 0;

  input(name: string, dims: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, dims));
    return name;
  }

  output(name: string, value: string): void {
    this.#node('Identity', [value], {}, name);
    this.#outputs.push(valueInfo(name));
  }

  /** For operators with one output; an input of '' means an omitted optional one. */
  op(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.#newName();
    this.#node(type, inputs, attributes, name);
    return name;
  }

  /** LSTM: the output of each step, and the final states, hidden and cell. */
  lstm(inputs: readonly string[], attributes: Attributes): { steps: string; hidden: string; cell: string } {
    const outputs = { steps: this.#newName(), hidden: this.#newName(), cell: this.#newName() };
    this.#node('LSTM', inputs, attributes, outputs.steps, outputs.hidden, outputs.cell);
    return outputs;
  }

  constant(dims: readonly number[], data: TensorData): string {
    const name = this.#newName();
    this.#constants.push(tensorProto(name, dims, data));
    return name;
  }

  scalar(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  int64(values: readonly number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  encode(): Uint8Array {
    const graph = new ProtobufWriter();
    for (const node of this.#nodes) graph.message(1, node);
    graph.string(2, 'graph');
    for (const constant of this.#constants) graph.message(5, constant);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const opset = new ProtobufWriter().string(1, '').int(2, OPSET);
    return new ProtobufWriter().int(1, IR_VERSION).message(7, graph).message(8, opset).encode();
  }

  #node(type: string, inputs: readonly string[], attributes: Attributes, ...outputs: readonly string[]): void {
    const node = new ProtobufWriter();
    for (const input of inputs) node.string(1, input);
    for (const output of outputs) node.string(2, output);
    node.string(4, type);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attributeProto(name, value));
    this.#nodes.push(node);
  }

  #newName(): string {
    return `v${this.#values++}`;
  }
}
