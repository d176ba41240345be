import { denseFilters, depthwiseFilters } from './convolution.ts';
import { type Attributes, type Dimension, OnnxGraph } from './onnx-writer.ts';
import { decodeWeights, type ManifestEntry, type Weights, type WeightTensor, weightOf } from './weight-manifest.ts';

interface GraphNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, { b?: boolean; s?: string; list?: { i?: string[]; s?: string[] } }>;
}

/** What a TensorFlow.js graph model's `model.json` holds, as far as it is read here. */
interface GraphModel {
  modelTopology: { node: GraphNode[] };
  weightsManifest: { weights: ManifestEntry[] }[];
}

export interface ConversionOptions {
  /** Rows of RGB pixels: batch, height, width, 3. */
  inputShape: Dimension[];
  /** Name of each output in the ONNX model, and of the node in the graph model that it is. */
  outputs: Record<string, string>;
}

const base64 = (text: string) => Buffer.from(text, 'base64').toString();
const strings = (node: GraphNode, name: string) => (node.attr?.[name]?.list?.s ?? []).map(base64);
const flag = (node: GraphNode, name: string) => node.attr?.[name]?.b ?? false;

/** The numbers of a list attribute over batch, height, width and channels, at `height` and `width`. */
function spatial(node: GraphNode, name: string): [number, number] {
  const list = (node.attr?.[name]?.list?.i ?? []).map(Number);
  return [list[1] ?? 1, list[2] ?? 1];
}

function padding(node: GraphNode): Attributes {
  const kind = base64(node.attr?.['padding']?.s ?? '');
  if (kind === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (kind === 'VALID') return { pads: [0, 0, 0, 0] };
  throw new Error(`Padding ${kind} of ${node.name} cannot be converted`);
}

/** TensorFlow names an output of a node `name:0` and an order of evaluation `^name`. */
const nodeName = (reference: string) => reference.replace(/:0$/, '');

/**
 * Converts a TensorFlow.js graph model into an ONNX model. Only nodes that lead to the wanted outputs are converted, so
 * post-processing that ONNX need not know is simply left out. Values keep TensorFlow's channels-last layout between
 * nodes; the runtime's optimiser cancels the transpositions around the convolutions.
 * @returns An encoded ONNX ModelProto whose input is called `image`.
 * @throws Error where a node has no counterpart here.
 */
export function tfjsToOnnx(modelJson: Buffer, weightBytes: Buffer, options: ConversionOptions): Uint8Array {
  const model = JSON.parse(modelJson.toString()) as GraphModel;
  const entries = model.weightsManifest.flatMap((group) => group.weights);
  const conversion = new GraphConversion(model.modelTopology.node, decodeWeights(entries, weightBytes), options.inputShape);
  for (const [name, node] of Object.entries(options.outputs)) conversion.graph.output(name, conversion.value(node));
  return conversion.graph.encode();
}

class GraphConversion {
  readonly graph = new OnnxGraph();
  readonly #nodes: Map<string, GraphNode>;
  readonly #weights: Weights;
  readonly #inputShape: Dimension[];
  readonly #values = new Map<string, string>();

  constructor(nodes: readonly GraphNode[], weights: Weights, inputShape: Dimension[]) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#weights = weights;
    this.#inputShape = inputShape;
  }

  /** The ONNX value of a node's first output, converted on first use. */
  value(reference: string): string {
    const name = nodeName(reference);
    const known = this.#values.get(name);
    if (known) return known;
    const weight = this.#weights.get(name);
    const value = weight ? this.graph.constant(weight.shape, weight.data) : this.#convert(name);
    this.#values.set(name, value);
    return value;
  }

  #convert(name: string): string {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`The graph model holds no node ${name}`);
    const { graph } = this;
    const inputs = (node.input ?? []).filter((input) => !input.startsWith('^'));
    const first = () => this.value(inputs[0] ?? '');
    switch (node.op) {
      case 'Placeholder':
        return graph.input('image', this.#inputShape);
      case 'Identity':
        return first();
      case 'Conv2D':
      case '_FusedConv2D':
      case 'DepthwiseConv2dNative':
      case 'FusedDepthwiseConv2dNative':
        return this.#convolution(node, inputs);
      case 'MatMul':
      case '_FusedMatMul':
        return this.#matrixProduct(node, inputs);
      case 'Relu6':
        return this.#activation('Relu6', first());
      case 'Prelu':
        return this.#activation('Prelu', first(), inputs[1]);
      case 'Add':
      case 'AddV2':
        return this.#elementwise('Add', inputs);
      case 'Minimum':
        return this.#elementwise('Min', inputs);
      case 'Maximum':
        return this.#elementwise('Max', inputs);
      case 'Mul':
      case 'Relu':
      case 'Sigmoid':
        return this.#elementwise(node.op, inputs);
      case 'MaxPool':
        return this.#channelsFirst(first(), (image) =>
          graph.op('MaxPool', [image], {
            kernel_shape: spatial(node, 'ksize'),
            strides: spatial(node, 'strides'),
            ...padding(node),
          }),
        );
      case 'Pad': {
        const before: number[] = [];
        const after: number[] = [];
        this.#constant(inputs[1]).data.forEach((count: number, i: number) => (i % 2 ? after : before).push(count));
        return graph.op('Pad', [first(), graph.int64([...before, ...after])]);
      }
      case 'Mean':
        return graph.op('ReduceMean', [first()], { axes: [...this.#constant(inputs[1]).data], keepdims: flag(node, 'keep_dims') ? 1 : 0 });
      case 'Reshape':
        return graph.op('Reshape', [first(), graph.int64([...this.#constant(inputs[1]).data])]);
      case 'ConcatV2': {
        const axis = this.#constant(inputs.at(-1)).data[0] ?? 0;
        return graph.op(
          'Concat',
          inputs.slice(0, -1).map((input) => this.value(input)),
          { axis },
        );
      }
      case 'ResizeBilinear':
        return this.#resize(node, inputs);
      default:
        throw new Error(`Operator ${node.op} (${name}) cannot be converted`);
    }
  }

  #constant(reference = ''): WeightTensor {
    return weightOf(this.#weights, nodeName(reference));
  }

  #elementwise(type: string, inputs: readonly string[]): string {
    return this.graph.op(
      type,
      inputs.map((input) => this.value(input)),
    );
  }

  #channelsFirst(image: string, apply: (image: string) => string): string {
    const applied = apply(this.graph.op('Transpose', [image], { perm: [0, 3, 1, 2] }));
    return this.graph.op('Transpose', [applied], { perm: [0, 2, 3, 1] });
  }

  /** `fused_ops` of a node name what follows it, in order; the arguments that those take follow the node's own two. */
  #convolution(node: GraphNode, inputs: readonly string[]): string {
    const { graph } = this;
    const weight = this.#constant(inputs[1]);
    const filters = node.op.includes('Depthwise') ? depthwiseFilters(weight) : denseFilters(weight);
    const fused = strings(node, 'fused_ops');
    const operands = [graph.constant(filters.dims, filters.data)];
    if (fused[0] === 'BiasAdd') operands.push(this.value(inputs[2] ?? ''));
    const convolved = this.#channelsFirst(this.value(inputs[0] ?? ''), (image) =>
      graph.op('Conv', [image, ...operands], {
        kernel_shape: filters.dims.slice(2),
        strides: spatial(node, 'strides'),
        dilations: spatial(node, 'dilations'),
        group: filters.groups,
        ...padding(node),
      }),
    );
    return fused.filter((name) => name !== 'BiasAdd').reduce((value, name) => this.#activation(name, value, inputs[3]), convolved);
  }

  #matrixProduct(node: GraphNode, inputs: readonly string[]): string {
    const fused = strings(node, 'fused_ops');
    const product = this.#elementwise('MatMul', inputs.slice(0, 2));
    const biased = fused[0] === 'BiasAdd' ? this.graph.op('Add', [product, this.value(inputs[2] ?? '')]) : product;
    return fused.filter((name) => name !== 'BiasAdd').reduce((value, name) => this.#activation(name, value, inputs[3]), biased);
  }

  #activation(name: string, value: string, argument?: string): string {
    const { graph } = this;
    if (name === 'Relu') return graph.op('Relu', [value]);
    if (name === 'Relu6') return graph.op('Clip', [value, graph.scalar(0), graph.scalar(6)]);
    if (name === 'Prelu') {
      // One slope a channel; channels are last here, so it broadcasts over rows and columns.
      const { data } = this.#constant(argument);
      return graph.op('PRelu', [value, graph.constant([data.length], data)]);
    }
    throw new Error(`Activation ${name} cannot be converted`);
  }

  #resize(node: GraphNode, inputs: readonly string[]): string {
    if (flag(node, 'align_corners') || flag(node, 'half_pixel_centers')) throw new Error(`Resampling of ${node.name} cannot be converted`);
    const { graph } = this;
    return this.#channelsFirst(this.value(inputs[0] ?? ''), (image) => {
      const batchAndChannels = graph.op('Slice', [graph.op('Shape', [image]), graph.int64([0]), graph.int64([2])]);
      const sizes = graph.op('Concat', [batchAndChannels, graph.int64([...this.#constant(inputs[1]).data])], { axis: 0 });
      return graph.op('Resize', [image, '', '', sizes], { mode: 'linear', coordinate_transformation_mode: 'asymmetric' });
    });
  }
}
