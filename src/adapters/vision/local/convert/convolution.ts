import type { WeightTensor } from './weight-manifest.ts';

/** A convolution's filters in ONNX order: output channels, input channels per group, rows, columns. */
export interface Filters {
  dims: [number, number, number, number];
  data: Float32Array;
  groups: number;
}

function sides({ shape }: WeightTensor): [number, number, number, number] {
  const [rows, columns, inputs, outputs] = shape;
  if (rows === undefined || columns === undefined || inputs === undefined || outputs === undefined) {
    throw new Error(`A convolution's filters have four sides, not ${shape.length}`);
  }
  return [rows, columns, inputs, outputs];
}

/** Swaps the first two sides (rows × columns) of a tensor with the last two (inputs × outputs), `outputsFirst` or not. */
function reorder(data: ArrayLike<number>, taps: number, inputs: number, outputs: number, outputsFirst: boolean): Float32Array {
  const result = new Float32Array(data.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        const channel = outputsFirst ? output * inputs + input : input * outputs + output;
        result[channel * taps + tap] = data[(tap * inputs + input) * outputs + output] ?? 0;
      }
    }
  }
  return result;
}

/** TensorFlow's rows × columns × inputs × outputs to ONNX. */
export function denseFilters(weight: WeightTensor): Filters {
  const [rows, columns, inputs, outputs] = sides(weight);
  return { dims: [outputs, inputs, rows, columns], data: reorder(weight.data, rows * columns, inputs, outputs, true), groups: 1 };
}

/** TensorFlow's depthwise filters, rows × columns × channels × multiplier, to ONNX: one group per channel. */
export function depthwiseFilters(weight: WeightTensor): Filters {
  const [rows, columns, channels, multiplier] = sides(weight);
  return {
    dims: [channels * multiplier, 1, rows, columns],
    data: reorder(weight.data, rows * columns, channels, multiplier, false),
    groups: channels,
  };
}

/** Only the filters of some output channels. */
export function onlyOutputs({ dims, data, groups }: Filters, channels: readonly number[]): Filters {
  const taps = data.length / dims[0];
  const kept = new Float32Array(channels.length * taps);
  channels.forEach((channel, i) => kept.set(data.subarray(channel * taps, (channel + 1) * taps), i * taps));
  return { dims: [channels.length, dims[1], dims[2], dims[3]], data: kept, groups };
}

/** The filters with additional zero outputs, and with zeros for additional inputs. */
export function widenFilters(
  { dims: [outputs, inputs, rows, columns], data, groups }: Filters,
  more: { outputs: number; inputs: number },
): Filters {
  const length = inputs * rows * columns;
  const widerLength = (inputs + more.inputs) * rows * columns;
  const wider = new Float32Array((outputs + more.outputs) * widerLength);
  for (let output = 0; output < outputs; output++) wider.set(data.subarray(output * length, (output + 1) * length), output * widerLength);
  return {
    dims: [outputs + more.outputs, inputs + more.inputs, rows, columns],
    data: wider,
    groups: groups === 1 ? 1 : groups + more.outputs,
  };
}
