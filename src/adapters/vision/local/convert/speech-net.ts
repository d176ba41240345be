import { readConstants } from './onnx-constants.ts';
import { OnnxGraph } from './onnx-writer.ts';

/** Samples of a window, including those of the previous one at its start and mirrored ones at its end. */
export const PADDED_WINDOW = 640;
/** Size of each of the two LSTM states. */
export const UNITS = 128;

/** The spectra of a window: their length and distance in samples, and their number. */
const SPECTRUM = { samples: 256, hop: 128, bins: 129, count: 4 };
/** The encoder's convolutions over three time steps: channels in and out, time steps in, stride. */
const encoder = [
  { inputs: 129, outputs: 128, times: 4, stride: 1 },
  { inputs: 128, outputs: 64, times: 4, stride: 2 },
  { inputs: 64, outputs: 64, times: 2, stride: 2 },
  { inputs: 64, outputs: 128, times: 1, stride: 1 },
];
const TAPS = 3;
/** The branch of the net that is for 16 kHz. */
const BRANCH = 'If_0_then_branch__Inline_0__';

/**
 * Silero VAD 6 at 16 kHz with its weights, for any number of consecutive windows at once. The original takes one window at a
 * time and spends most of its time on overhead. Convolutions become matrix products with one row per window and time step.
 * Input `windows`, `hidden` and `cell`; output `probabilities`, and `hidden` and `cell` after the last window.
 */
export function speechNet(silero: Uint8Array): Uint8Array {
  const constants = readConstants(silero);
  const weights = (name: string) => {
    const found = constants.get(BRANCH + name);
    if (!found) throw new Error(`The voice detector has no weights ${name}`);
    return found;
  };
  const graph = new OnnxGraph();
  let value = spectra(graph, graph.input('windows', ['windows', PADDED_WINDOW]), weights('stft.forward_basis_buffer'));
  for (const [index, layer] of encoder.entries()) {
    const name = `encoder.${index}.reparam_conv`;
    value = convolve(graph, value, layer, weights(`${name}.weight`), weights(`${name}.bias`));
  }
  const sequence = graph.op('Reshape', [value, graph.int64([-1, 1, UNITS])]);
  const bias = Float32Array.of(...toOnnxGates(weights('decoder.rnn.bias_ih'), 1), ...toOnnxGates(weights('decoder.rnn.bias_hh'), 1));
  const { steps, hidden, cell } = graph.lstm(
    [
      sequence,
      graph.constant([1, 4 * UNITS, UNITS], toOnnxGates(weights('decoder.rnn.weight_ih'), UNITS)),
      graph.constant([1, 4 * UNITS, UNITS], toOnnxGates(weights('decoder.rnn.weight_hh'), UNITS)),
      graph.constant([1, 8 * UNITS], bias),
      '',
      graph.input('hidden', [1, 1, UNITS]),
      graph.input('cell', [1, 1, UNITS]),
    ],
    { hidden_size: UNITS },
  );
  const rows = graph.op('Relu', [graph.op('Reshape', [steps, graph.int64([-1, UNITS])])]);
  const voice = graph.op('MatMul', [rows, graph.constant([UNITS, 1], weights('decoder.decoder.2.weight'))]);
  graph.output('probabilities', graph.op('Sigmoid', [graph.op('Add', [voice, graph.constant([1], weights('decoder.decoder.2.bias'))])]));
  graph.output('hiddenAfter', hidden);
  graph.output('cellAfter', cell);
  return graph.encode();
}

/** Columns of a row-major matrix become rows. */
function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column] ?? 0;
  }
  return result;
}

function slice(graph: OnnxGraph, value: string, { axis, from, to, step = 1 }: { axis: number; from: number; to: number; step?: number }) {
  return graph.op('Slice', [value, graph.int64([from]), graph.int64([to]), graph.int64([axis]), graph.int64([step])]);
}

/** Amplitudes of the frequencies: windows × time steps × bins. */
function spectra(graph: OnnxGraph, windows: string, basis: Float32Array): string {
  const { samples, hop, bins, count } = SPECTRUM;
  const parts = Array.from({ length: count }, (_, i) =>
    graph.op('Unsqueeze', [slice(graph, windows, { axis: 1, from: i * hop, to: i * hop + samples }), graph.int64([1])]),
  );
  const frames = graph.op('Concat', parts, { axis: 1 });
  const waves = graph.op('MatMul', [frames, graph.constant([samples, 2 * bins], transposed(basis, 2 * bins, samples))]);
  const squares = (from: number) => {
    const part = slice(graph, waves, { axis: 2, from, to: from + bins });
    return graph.op('Mul', [part, part]);
  };
  return graph.op('Sqrt', [graph.op('Add', [squares(0), squares(bins)])]);
}

/** A convolution over time with zero padding at both ends, and ReLU. */
function convolve(
  graph: OnnxGraph,
  value: string,
  { inputs, outputs, times, stride }: (typeof encoder)[number],
  filters: Float32Array,
  bias: Float32Array,
): string {
  const padded = graph.op('Pad', [value, graph.int64([0, 1, 0, 0, 1, 0])]);
  const last = times - ((times - 1) % stride);
  const taps = Array.from({ length: TAPS }, (_, tap) => slice(graph, padded, { axis: 1, from: tap, to: tap + last, step: stride }));
  const neighbours = graph.op('Concat', taps, { axis: 2 });
  // Filters are outputs × inputs × taps; a row of neighbours is taps × inputs.
  const matrix = new Float32Array(filters.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < TAPS; tap++) {
        matrix[(tap * inputs + input) * outputs + output] = filters[(output * inputs + input) * TAPS + tap] ?? 0;
      }
    }
  }
  const product = graph.op('MatMul', [neighbours, graph.constant([TAPS * inputs, outputs], matrix)]);
  return graph.op('Relu', [graph.op('Add', [product, graph.constant([outputs], bias)])]);
}

/** PyTorch orders an LSTM's gates input, forget, cell, output; ONNX input, output, forget, cell. */
function toOnnxGates(rows: Float32Array, columns: number): Float32Array {
  const size = UNITS * columns;
  const result = new Float32Array(rows.length);
  [0, 3, 1, 2].forEach((gate, place) => result.set(rows.subarray(gate * size, (gate + 1) * size), place * size));
  return result;
}
