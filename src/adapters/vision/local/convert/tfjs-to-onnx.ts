import { asConvolution, channelsFirst, excite, hardSigmoid, hardSwish, prelu, widen } from './blocked-layout.ts';
import { denseFilters, depthwiseFilters, onlyOutputs, widenFilters } from './convolution.ts';
import { type Dimension, OnnxGraph } from './onnx-writer.ts';
import {
  channelsOf,
  findClip,
  findExcitation,
  findHardSigmoid,
  findHardSwish,
  flag,
  type GraphNode,
  isDepthwise,
  type LoadedModel,
  nodeName,
  padding,
  spareChannels,
  spatial,
  strings,
} from './tfjs-node.ts';
import { decodeWeights, type ManifestEntry, type WeightTensor, weightOf } from './weight-manifest.ts';

/** The parts of a TensorFlow.js graph model's `model.json` that are read here. */
interface GraphModel {
  modelTopology: { node: GraphNode[] };
  weightsManifest: { weights: ManifestEntry[] }[];
}

export interface ConversionOptions {
  /** Rows of RGB pixels: batch, height, width, 3. */
  inputShape: Dimension[];
  /** Name of each output in the ONNX model, with the name of its node in the graph model. */
  outputs: Record<string, string>;
  /** Convolutions that keep only some output channels. */
  onlyChannels?: Record<string, readonly number[]>;
  /** Side of the input divided by the side that the graph was saved for; its resize targets are scaled by the same factor. */
  zoom?: number;
}

/** Maximum channels of a block in the runtime's layout. */
const WIDEST_BLOCK = 16;

/**
 * Converts a TensorFlow.js graph model into an ONNX model. Only nodes that lead to the wanted outputs are converted, so
 * unneeded post-processing is left out. Values keep TensorFlow's channels-last layout between
 * nodes; the runtime's optimiser cancels the transpositions around the convolutions.
 * @returns an encoded ONNX ModelProto whose input is called `image`.
 * @throws Error if a node is not supported here.
 */
export function tfjsToOnnx(modelJson: Buffer, weightBytes: Buffer, options: ConversionOptions): Uint8Array {
  const model = JSON.parse(modelJson.toString()) as GraphModel;
  const entries = model.weightsManifest.flatMap((group) => group.weights);
  const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
  const [, height, width] = options.inputShape;
  const inputSize = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : null;
  const conversion = new GraphConversion({ nodes, weights: decodeWeights(entries, weightBytes), inputSize, sizes: new Map() }, options);
  for (const [name, node] of Object.entries(options.outputs)) conversion.graph.output(name, conversion.value(node));
  return conversion.graph.encode();
}

class GraphConversion {
  readonly graph = new OnnxGraph();
  readonly #model: LoadedModel;
  readonly #options: ConversionOptions;
  readonly #values = new Map<string, string>();

  constructor(model: LoadedModel, options: ConversionOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** The ONNX value of a node's first output, converted on first use. */
  value(reference: string): string {
    const name = nodeName(reference);
    const known = this.#values.get(name);
    if (known) return known;
    const weight = this.#model.weights.get(name);
    const value = weight ? this.graph.constant(weight.shape, weight.data) : this.#convert(name);
    this.#values.set(name, value);
    return value;
  }

  #convert(name: string): string {
    const node = this.#model.nodes.get(name);
    if (!node) throw new Error(`The graph model holds no node ${name}`);
    const { graph } = this;
    const inputs = (node.input ?? []).filter((input) => !input.startsWith('^'));
    const first = () => this.value(inputs[0] ?? '');
    switch (node.op) {
      case 'Placeholder':
        return graph.input('image', this.#options.inputShape);
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
        return this.#clip(node) ?? this.#elementwise('Max', inputs);
      case 'Mul':
        return this.#product(inputs);
      case 'Relu':
      case 'Sigmoid':
        return this.#elementwise(node.op, inputs);
      case 'MaxPool':
        return this.#maxPool(node, inputs);
      case 'Pad':
        return this.#pad(inputs);
      case 'Mean':
        return this.#mean(node, inputs);
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
    return weightOf(this.#model.weights, nodeName(reference));
  }

  #elementwise(type: string, inputs: readonly string[]): string {
    return this.graph.op(
      type,
      inputs.map((input) => this.value(input)),
    );
  }

  #product(inputs: readonly string[]): string {
    const { graph } = this;
    const swish = findHardSwish(this.#model, inputs);
    if (swish) return hardSwish(graph, this.value(swish.x), swish.channels, swish.scale);
    const sigmoid = findHardSigmoid(this.#model, inputs);
    if (sigmoid) return hardSigmoid(graph, this.value(sigmoid.x), sigmoid.channels, sigmoid.scale);
    const excited = findExcitation(this.#model, inputs);
    if (excited) return excite(graph, this.value(excited.image), this.value(excited.gate), excited.size);
    return this.#elementwise('Mul', inputs);
  }

  #mean(node: GraphNode, [image = '', axesName]: readonly string[]): string {
    const { graph } = this;
    const axes = [...this.#constant(axesName).data];
    const keepsSides = flag(node, 'keep_dims');
    if (keepsSides && axes.join() === '1,2') {
      return channelsFirst(graph, this.value(image), (first) => graph.op('GlobalAveragePool', [first]));
    }
    return graph.op('ReduceMean', [this.value(image)], { axes, keepdims: keepsSides ? 1 : 0 });
  }

  #clip(node: GraphNode): string | null {
    const clip = findClip(this.#model, node);
    return clip && this.graph.op('Clip', [this.value(clip.x), this.graph.scalar(clip.low), this.graph.scalar(clip.high)]);
  }

  #maxPool(node: GraphNode, [image = '']: readonly string[]): string {
    const { graph } = this;
    const pooled = channelsFirst(graph, this.value(image), (first) =>
      graph.op('MaxPool', [first], { kernel_shape: spatial(node, 'ksize'), strides: spatial(node, 'strides'), ...padding(node) }),
    );
    const channels = channelsOf(this.#model, image);
    return channels !== undefined && channels % WIDEST_BLOCK > 0 ? asConvolution(graph, pooled, channels) : pooled;
  }

  #pad([image = '', paddings = '']: readonly string[]): string {
    const { graph } = this;
    const counts = [...this.#constant(paddings).data];
    const channels = channelsOf(this.#model, image);
    const added = counts[7] ?? 0;
    if (channels !== undefined && counts.every((count, i) => count === 0 || i === 7)) {
      return widen(graph, this.value(image), channels, channels + added);
    }
    const side = (offset: number) => counts.filter((_, i) => i % 2 === offset);
    return graph.op('Pad', [this.value(image), graph.int64([...side(0), ...side(1)])]);
  }

  /** `fused_ops` of a node lists the operators that follow, in order; their arguments come after the node's own two. */
  #convolution(node: GraphNode, inputs: readonly string[]): string {
    const { graph } = this;
    const weight = this.#constant(inputs[1]);
    const own = isDepthwise(node) ? depthwiseFilters(weight) : denseFilters(weight);
    const wanted = this.#options.onlyChannels?.[node.name];
    const filters = widenFilters(wanted ? onlyOutputs(own, wanted) : own, {
      outputs: spareChannels(this.#model, node.name),
      inputs: isDepthwise(node) ? 0 : spareChannels(this.#model, inputs[0]),
    });
    const fused = strings(node, 'fused_ops');
    const operands = [graph.constant(filters.dims, filters.data)];
    if (fused[0] === 'BiasAdd') operands.push(this.#bias(inputs[2], filters.dims[0], wanted));
    const convolved = channelsFirst(graph, this.value(inputs[0] ?? ''), (image) =>
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

  #bias(reference: string | undefined, channels: number, wanted?: readonly number[]): string {
    const { data } = this.#constant(reference);
    const bias = new Float32Array(channels);
    bias.set(wanted ? wanted.map((channel) => data[channel] ?? 0) : data);
    return this.graph.constant([channels], bias);
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
      return prelu(graph, value, Float32Array.from(this.#constant(argument).data));
    }
    throw new Error(`Activation ${name} cannot be converted`);
  }

  #resize(node: GraphNode, inputs: readonly string[]): string {
    if (flag(node, 'align_corners') || flag(node, 'half_pixel_centers')) throw new Error(`Resampling of ${node.name} cannot be converted`);
    const { graph } = this;
    return channelsFirst(graph, this.value(inputs[0] ?? ''), (image) => {
      const batchAndChannels = graph.op('Slice', [graph.op('Shape', [image]), graph.int64([0]), graph.int64([2])]);
      const sides = Array.from(this.#constant(inputs[1]).data, (side) => side * (this.#options.zoom ?? 1));
      const sizes = graph.op('Concat', [batchAndChannels, graph.int64(sides)], { axis: 0 });
      return graph.op('Resize', [image, '', '', sizes], { mode: 'linear', coordinate_transformation_mode: 'asymmetric' });
    });
  }
}
