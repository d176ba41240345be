import { denseFilters, depthwiseFilters, type Filters } from './convolution.ts';
import { OnnxGraph } from './onnx-writer.ts';
import { decodeWeights, type ManifestEntry, type Weights, weightOf } from './weight-manifest.ts';

/** Mean red, green and blue of the training pictures of face-api's nets. */
const MEAN_RGB = Float32Array.of(122.782, 117.001, 104.298);

function readManifest(manifest: Buffer, bytes: Buffer): Weights {
  const groups = JSON.parse(manifest.toString()) as { weights: ManifestEntry[] }[];
  return decodeWeights(
    groups.flatMap((group) => group.weights),
    bytes,
  );
}

/** A batch of square RGB pictures, 0..255, to centred channels-first values. */
function imageInput(graph: OnnxGraph, size: number, scale: number): string {
  const image = graph.op('Transpose', [graph.input('image', ['batch', size, size, 3])], { perm: [0, 3, 1, 2] });
  const centred = graph.op('Sub', [image, graph.constant([1, 3, 1, 1], MEAN_RGB)]);
  return graph.op('Mul', [centred, graph.scalar(scale)]);
}

/**
 * dlib's ResNet of 29 layers (dlib_face_recognition_resnet_model_v1): a batch of aligned chips of 150 × 150 to
 * descriptors of 128 values, output `descriptor`.
 */
export function descriptorNet(manifest: Buffer, bytes: Buffer): Uint8Array {
  const net = new DescriptorNet(readManifest(manifest, bytes));
  return net.build();
}

class DescriptorNet {
  readonly #graph = new OnnxGraph();
  readonly #weights: Weights;
  /** Side and channels of the last value: shortcuts must be padded to the size of their branch. */
  #side = 150;
  #channels = 32;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  build(): Uint8Array {
    const graph = this.#graph;
    let value = this.#convolution(imageInput(graph, 150, 1 / 256), 'conv32_down', 2, { relu: true, padded: false });
    this.#side = Math.floor((this.#side - 7) / 2) + 1;
    value = graph.op('MaxPool', [value], { kernel_shape: [3, 3], strides: [2, 2] });
    this.#side = Math.floor((this.#side - 3) / 2) + 1;
    for (const name of ['conv32_1', 'conv32_2', 'conv32_3']) value = this.#residual(value, name);
    value = this.#residualDown(value, 'conv64_down');
    for (const name of ['conv64_1', 'conv64_2', 'conv64_3']) value = this.#residual(value, name);
    value = this.#residualDown(value, 'conv128_down');
    for (const name of ['conv128_1', 'conv128_2']) value = this.#residual(value, name);
    value = this.#residualDown(value, 'conv256_down');
    for (const name of ['conv256_1', 'conv256_2']) value = this.#residual(value, name);
    value = this.#residualDown(value, 'conv256_down_out');
    const pooled = graph.op('ReduceMean', [value], { axes: [2, 3], keepdims: 0 });
    const dense = weightOf(this.#weights, 'fc');
    graph.output('descriptor', graph.op('MatMul', [pooled, graph.constant(dense.shape, dense.data)]));
    return graph.encode();
  }

  /** A convolution with the learnt scale after it folded in. */
  #convolution(value: string, name: string, stride: number, { relu, padded }: { relu: boolean; padded: boolean }): string {
    const filters = denseFilters(weightOf(this.#weights, `${name}/conv/filters`));
    const bias = Float32Array.from(weightOf(this.#weights, `${name}/conv/bias`).data);
    const scale = weightOf(this.#weights, `${name}/scale/weights`).data;
    const shift = weightOf(this.#weights, `${name}/scale/biases`).data;
    const taps = filters.data.length / bias.length;
    const scaled = filters.data.map((tap, i) => tap * (scale[Math.floor(i / taps)] ?? 1));
    const shifted = bias.map((value, i) => value * (scale[i] ?? 1) + (shift[i] ?? 0));
    const graph = this.#graph;
    const convolved = graph.op('Conv', [value, graph.constant(filters.dims, scaled), graph.constant([shifted.length], shifted)], {
      kernel_shape: filters.dims.slice(2),
      strides: [stride, stride],
      ...(padded ? { auto_pad: 'SAME_UPPER' } : { pads: [0, 0, 0, 0] }),
    });
    return relu ? graph.op('Relu', [convolved]) : convolved;
  }

  #residual(value: string, name: string): string {
    const inner = this.#convolution(value, `${name}/conv1`, 1, { relu: true, padded: true });
    const branch = this.#convolution(inner, `${name}/conv2`, 1, { relu: false, padded: true });
    return this.#graph.op('Relu', [this.#graph.op('Add', [branch, value])]);
  }

  /** Halves the sides. The averaged shortcut is zero-padded if the branch has more channels; the branch is if it has a row less. */
  #residualDown(value: string, name: string): string {
    const graph = this.#graph;
    const inner = this.#convolution(value, `${name}/conv1`, 2, { relu: true, padded: false });
    let branch = this.#convolution(inner, `${name}/conv2`, 1, { relu: false, padded: true });
    let shortcut = graph.op('AveragePool', [value], { kernel_shape: [2, 2], strides: [2, 2] });
    const branchSide = Math.floor((this.#side - 3) / 2) + 1;
    const shortcutSide = Math.floor((this.#side - 2) / 2) + 1;
    if (branchSide !== shortcutSide) branch = graph.op('Pad', [branch, graph.int64([0, 0, 0, 0, 0, 0, 1, 1])]);
    const channels = weightOf(this.#weights, `${name}/conv2/conv/filters`).shape[3] ?? 0;
    if (channels !== this.#channels) {
      shortcut = graph.op('Pad', [shortcut, graph.int64([0, 0, 0, 0, 0, channels - this.#channels, 0, 0])]);
    }
    this.#side = shortcutSide;
    this.#channels = channels;
    return graph.op('Relu', [graph.op('Add', [shortcut, branch])]);
  }
}

/**
 * face-api's FaceLandmark68Net: face crops of 112 × 112 to 68 points as x, y in 0..1 of the crop, output `landmarks`.
 * Four dense blocks of depthwise-separable convolutions, each summing all of its earlier values.
 */
export function landmarkNet(manifest: Buffer, bytes: Buffer): Uint8Array {
  const weights = readManifest(manifest, bytes);
  const graph = new OnnxGraph();
  const convolve = (value: string, filters: Filters, stride: number, bias?: string) =>
    graph.op('Conv', [value, graph.constant(filters.dims, filters.data), ...(bias ? [bias] : [])], {
      kernel_shape: filters.dims.slice(2),
      strides: [stride, stride],
      group: filters.groups,
      auto_pad: 'SAME_UPPER',
    });
  const constant = (name: string) => {
    const { shape, data } = weightOf(weights, name);
    return graph.constant(shape, data);
  };
  const separable = (value: string, name: string, stride: number) => {
    const spread = convolve(value, depthwiseFilters(weightOf(weights, `${name}/depthwise_filter`)), stride);
    return convolve(spread, denseFilters(weightOf(weights, `${name}/pointwise_filter`)), 1, constant(`${name}/bias`));
  };
  const sum = (first: string, ...rest: string[]) => rest.reduce((total, value) => graph.op('Add', [total, value]), first);

  let value = imageInput(graph, 112, 1 / 255);
  for (const block of ['dense0', 'dense1', 'dense2', 'dense3']) {
    const opening =
      block === 'dense0'
        ? convolve(value, denseFilters(weightOf(weights, 'dense0/conv0/filters')), 2, constant('dense0/conv0/bias'))
        : separable(value, `${block}/conv0`, 2);
    const first = graph.op('Relu', [opening]);
    const second = separable(first, `${block}/conv1`, 1);
    const third = separable(graph.op('Relu', [sum(first, second)]), `${block}/conv2`, 1);
    const fourth = separable(graph.op('Relu', [sum(first, second, third)]), `${block}/conv3`, 1);
    value = graph.op('Relu', [sum(first, second, third, fourth)]);
  }
  const pooled = graph.op('AveragePool', [value], { kernel_shape: [7, 7], strides: [2, 2] });
  const flat = graph.op('Reshape', [pooled, graph.int64([-1, 256])]);
  graph.output('landmarks', sum(graph.op('MatMul', [flat, constant('fc/weights')]), constant('fc/bias')));
  return graph.encode();
}
