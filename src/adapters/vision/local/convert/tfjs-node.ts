import type { Size } from './blocked-layout.ts';
import type { Attributes } from './onnx-writer.ts';
import { type Weights, weightOf } from './weight-manifest.ts';

export interface GraphNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, { b?: boolean; s?: string; list?: { i?: string[]; s?: string[] } }>;
}

export interface LoadedModel {
  nodes: ReadonlyMap<string, GraphNode>;
  weights: Weights;
  inputSize: Size | null;
  /** Cache of `sizeOf`: every sum has two paths back to the input, so without it the time would be exponential. */
  sizes: Map<string, Size | null>;
}

const base64 = (text: string) => Buffer.from(text, 'base64').toString();
export const strings = (node: GraphNode, name: string) => (node.attr?.[name]?.list?.s ?? []).map(base64);
export const flag = (node: GraphNode, name: string) => node.attr?.[name]?.b ?? false;

/** The numbers of a list attribute over batch, height, width and channels, at `height` and `width`. */
export function spatial(node: GraphNode, name: string): [number, number] {
  const list = (node.attr?.[name]?.list?.i ?? []).map(Number);
  return [list[1] ?? 1, list[2] ?? 1];
}

export function padding(node: GraphNode): Attributes {
  const kind = base64(node.attr?.['padding']?.s ?? '');
  if (kind === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (kind === 'VALID') return { pads: [0, 0, 0, 0] };
  throw new Error(`Padding ${kind} of ${node.name} cannot be converted`);
}

/** TensorFlow names an output of a node `name:0` and an order of evaluation `^name`. */
export const nodeName = (reference: string) => reference.replace(/:0$/, '');

const isConvolution = ({ op }: GraphNode) => op.includes('Conv2');
export const isDepthwise = ({ op }: GraphNode) => op.includes('Depthwise');

/** Channels of a picture, if it comes from a convolution. */
export function channelsOf(model: LoadedModel, reference = ''): number | undefined {
  const node = model.nodes.get(nodeName(reference));
  if (!node) return undefined;
  const [first, second = ''] = node.input ?? [];
  const shapeOrCounts = () => weightOf(model.weights, nodeName(second));
  if (isConvolution(node)) {
    const [, , incoming = 0, outgoing = 0] = shapeOrCounts().shape;
    return isDepthwise(node) ? incoming * outgoing : outgoing;
  }
  if (node.op === 'Pad') return (channelsOf(model, first) ?? 0) + (shapeOrCounts().data[7] ?? 0);
  // A constant has none, and may be first or second.
  return channelsOf(model, first) ?? channelsOf(model, second);
}

/** Whether only convolutions use a value, and, if one of them is depthwise, only convolutions use its output too. */
function onlyConvolutionsFollow(model: LoadedModel, name: string): boolean {
  const followers = [...model.nodes.values()].filter(({ input }) => input?.some((reference) => nodeName(reference) === name));
  return followers.every((node) => isConvolution(node) && (!isDepthwise(node) || onlyConvolutionsFollow(model, node.name)));
}

/** In the blocked layout the number of channels is a multiple of four. */
const CHANNEL_STEP = 4;

/** How many zero channels a convolution's output needs so that it can stay in the blocked layout. */
export function spareChannels(model: LoadedModel, reference = ''): number {
  const node = model.nodes.get(nodeName(reference));
  if (!node || !isConvolution(node)) return 0;
  if (isDepthwise(node)) return spareChannels(model, node.input?.[0]);
  const beyond = (channelsOf(model, reference) ?? 0) % CHANNEL_STEP;
  const isPlain = !strings(node, 'fused_ops').includes('Prelu');
  return beyond > 0 && isPlain && onlyConvolutionsFollow(model, node.name) ? CHANNEL_STEP - beyond : 0;
}

/** The larger size of two factors or terms, because the smaller one is broadcast. */
const larger = (a: Size | null, b: Size | null) => (a && b && b[0] * b[1] > a[0] * a[1] ? b : (a ?? b));

/** Rows and columns of a picture, if they are known in advance. */
export function sizeOf(model: LoadedModel, reference = ''): Size | null {
  const known = model.sizes.get(reference);
  if (known !== undefined) return known;
  const size = findSize(model, reference);
  model.sizes.set(reference, size);
  return size;
}

function findSize(model: LoadedModel, reference: string): Size | null {
  const node = model.nodes.get(nodeName(reference));
  const [first, second = ''] = node?.input ?? [];
  if (!node) return null;
  if (node.op === 'Placeholder') return model.inputSize;
  const constant = () => [...(model.weights.get(nodeName(second))?.data ?? [])];
  if (node.op === 'Mean') return flag(node, 'keep_dims') && constant().join() === '1,2' ? [1, 1] : null;
  if (node.op === 'ResizeBilinear') return [constant()[0] ?? 0, constant()[1] ?? 0];
  if (node.op === 'Mul' || node.op.startsWith('Add')) return larger(sizeOf(model, first), sizeOf(model, second));
  const size = sizeOf(model, first);
  if (!size || !(isConvolution(node) || node.op === 'MaxPool')) return size;
  const [rows, columns] = node.op === 'MaxPool' ? spatial(node, 'ksize') : weightOf(model.weights, nodeName(second)).shape;
  const [down, across] = spatial(node, 'strides');
  const lost = (taps = 1) => ('pads' in padding(node) ? taps - 1 : 0);
  return [Math.ceil((size[0] - lost(rows)) / down), Math.ceil((size[1] - lost(columns)) / across)];
}

/** The node that a reference names, if it has this operator. */
function nodeOf(model: LoadedModel, op: string, reference = ''): GraphNode | null {
  const node = model.nodes.get(nodeName(reference));
  return node?.op === op ? node : null;
}

/** The number that a reference names, if it is one. */
function scalarOf(model: LoadedModel, reference = ''): number | null {
  const values = model.weights.get(nodeName(reference))?.data;
  return values?.length === 1 ? (values[0] ?? null) : null;
}

/** The parts of `mul(scale, relu6(add(x, 3)))`, TensorFlow's form of a hard sigmoid; null for any other product. */
export function findHardSigmoid(model: LoadedModel, [scaleName, gate]: readonly string[]) {
  const [x, shift] = nodeOf(model, 'Add', nodeOf(model, 'Relu6', gate)?.input?.[0])?.input ?? [];
  const scale = scalarOf(model, scaleName);
  const channels = channelsOf(model, x);
  const isHardSigmoid = x !== undefined && scalarOf(model, shift) === 3;
  return isHardSigmoid && scale !== null && channels !== undefined ? { x, channels, scale } : null;
}

/** The parts of `mul(mul(scale, x), relu6(add(x, 3)))`, TensorFlow's form of a hard swish; null for any other product. */
export function findHardSwish(model: LoadedModel, [scaled, gate = '']: readonly string[]) {
  const [scaleName = '', x] = nodeOf(model, 'Mul', scaled)?.input ?? [];
  const swish = findHardSigmoid(model, [scaleName, gate]);
  return swish?.x === x ? swish : null;
}

/** The factors of a picture times one number per channel, as in squeeze-and-excitation; null for any other product. */
export function findExcitation(model: LoadedModel, factors: readonly string[]) {
  const sized = factors.map((reference) => ({ reference, size: sizeOf(model, reference) }));
  const isPoint = ({ size }: (typeof sized)[number]) => size?.[0] === 1 && size[1] === 1;
  const gate = sized.find(isPoint)?.reference;
  const image = sized.find((factor) => !isPoint(factor));
  return gate !== undefined && image?.size ? { gate, image: image.reference, size: image.size } : null;
}

/** The parts of `max(min(x, high), low)`, also as a ReLU if `low` is 0; null for any other maximum. */
export function findClip(model: LoadedModel, { input: [limited, lowName] = [] }: GraphNode) {
  const [clipped, highName] = nodeOf(model, 'Minimum', limited)?.input ?? [];
  const low = scalarOf(model, lowName);
  const high = scalarOf(model, highName);
  if (clipped === undefined || low === null || high === null) return null;
  const positive = low === 0 ? nodeOf(model, 'Relu', clipped)?.input?.[0] : undefined;
  return { x: positive ?? clipped, low, high };
}
