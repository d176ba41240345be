import type { OnnxGraph } from './onnx-writer.ts';

/*
 * On processors with vector instructions, onnxruntime keeps pictures in its own layout, blocks of 8 or 16 channels, from one
 * convolution to the next, through additions, products and a few activations. Anything else makes it reorder the whole picture
 * before and after, which took longer than many convolutions. The functions below express other operations as convolutions.
 */

export type Size = readonly [height: number, width: number];

/** Applies a channels-first operation to a channels-last picture; the runtime cancels the transpositions. */
export function channelsFirst(graph: OnnxGraph, image: string, apply: (image: string) => string): string {
  const applied = apply(graph.op('Transpose', [image], { perm: [0, 3, 1, 2] }));
  return graph.op('Transpose', [applied], { perm: [0, 2, 3, 1] });
}

/** Multiplies each channel by its own factor and adds its own term: a depthwise 1 × 1 convolution. */
export function perChannel(graph: OnnxGraph, image: string, factors: Float32Array, terms?: Float32Array): string {
  const channels = factors.length;
  const operands = [graph.constant([channels, 1, 1, 1], factors), ...(terms ? [graph.constant([channels], terms)] : [])];
  return channelsFirst(graph, image, (first) => graph.op('Conv', [first, ...operands], { kernel_shape: [1, 1], group: channels }));
}

/** The identity as a convolution: brings a picture into the blocked layout once, so that the following sums stay in it. */
export const asConvolution = (graph: OnnxGraph, image: string, channels: number) =>
  perChannel(graph, image, new Float32Array(channels).fill(1));

/** Adds channels of zeros: a 1 × 1 convolution with identity filters, and zero filters for the new channels. */
export function widen(graph: OnnxGraph, image: string, channels: number, wanted: number): string {
  const filters = new Float32Array(wanted * channels);
  for (let channel = 0; channel < channels; channel++) filters[channel * channels + channel] = 1;
  const operand = graph.constant([wanted, channels, 1, 1], filters);
  return channelsFirst(graph, image, (first) => graph.op('Conv', [first, operand], { kernel_shape: [1, 1] }));
}

/** `x · scale · min(max(x + 3, 0), 6)`, Howard et al. 2019, arXiv:1905.02244. */
export function hardSwish(graph: OnnxGraph, image: string, channels: number, scale: number): string {
  return graph.op('Mul', [image, hardSigmoid(graph, image, channels, scale)]);
}

/** `scale · min(max(x + 3, 0), 6)`. */
export function hardSigmoid(graph: OnnxGraph, image: string, channels: number, scale: number): string {
  const gate = perChannel(graph, image, new Float32Array(channels).fill(scale), new Float32Array(channels).fill(3 * scale));
  return graph.op('Clip', [gate, graph.scalar(0), graph.scalar(6 * scale)]);
}

/**
 * The picture times one number per channel, expanded to the picture's shape first: a product of equal shapes stays in the
 * blocked layout.
 */
export function excite(graph: OnnxGraph, image: string, gate: string, [height, width]: Size): string {
  const scales = graph.constant([4], Float32Array.of(1, 1, height, width));
  const spread = channelsFirst(graph, gate, (first) =>
    graph.op('Resize', [first, '', scales], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }),
  );
  return graph.op('Mul', [image, spread]);
}

/**
 * Multiplies values below 0 by their channel's slope: `x + max(0, (slope − 1) · x)`, or if a slope is above 1,
 * `slope · x + (1 − slope) · max(0, x)`.
 */
export function prelu(graph: OnnxGraph, image: string, slopes: Float32Array): string {
  const isSteep = slopes.some((slope) => slope > 1);
  const scaled = perChannel(
    graph,
    image,
    slopes.map((slope) => (isSteep ? slope : slope - 1)),
  );
  if (!isSteep) return graph.op('Add', [image, graph.op('Relu', [scaled])]);
  const rest = slopes.map((slope) => 1 - slope);
  return graph.op('Add', [scaled, perChannel(graph, graph.op('Relu', [image]), rest)]);
}
