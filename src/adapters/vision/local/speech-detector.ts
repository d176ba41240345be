import './onnx-telemetry.ts';
import { Tensor } from 'onnxruntime-node';
import { PADDED_WINDOW, UNITS } from './convert/speech-net.ts';
import { models } from './models.ts';
import { CONTEXT, type SpeechMemory, WINDOW } from './speech-window.ts';

const MIRRORED = PADDED_WINDOW - CONTEXT - WINDOW;

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('The voice detector returned no numbers');
  return tensor.data;
}

/** One row per window: the samples before it, the window, and its end mirrored around the last sample. */
function toRows(samples: Int16Array, context: Float32Array): Float32Array {
  const count = samples.length / WINDOW;
  const sound = new Float32Array(CONTEXT + samples.length);
  sound.set(context);
  for (let i = 0; i < samples.length; i++) sound[CONTEXT + i] = (samples[i] ?? 0) / 32_768;
  const rows = new Float32Array(count * PADDED_WINDOW);
  for (let row = 0; row < count; row++) {
    const end = CONTEXT + (row + 1) * WINDOW;
    rows.set(sound.subarray(row * WINDOW, end), row * PADDED_WINDOW);
    const mirrored = sound.slice(end - 1 - MIRRORED, end - 1).reverse();
    rows.set(mirrored, (row + 1) * PADDED_WINDOW - MIRRORED);
  }
  return rows;
}

/** Probability of speech in each window of 512 samples (16 kHz, mono); `samples` must consist of whole windows. */
export async function detectSpeech(
  samples: Int16Array,
  { state, context }: SpeechMemory,
): Promise<{ probabilities: Float32Array; memory: SpeechMemory }> {
  const session = await models.speech();
  const rows = toRows(samples, context);
  const result = await session.run({
    windows: new Tensor('float32', rows, [rows.length / PADDED_WINDOW, PADDED_WINDOW]),
    hidden: new Tensor('float32', state.slice(0, UNITS), [1, 1, UNITS]),
    cell: new Tensor('float32', state.slice(UNITS), [1, 1, UNITS]),
  });
  const after = new Float32Array(2 * UNITS);
  after.set(floatsOf(result['hiddenAfter']));
  after.set(floatsOf(result['cellAfter']), UNITS);
  const last = rows.length - MIRRORED - CONTEXT;
  return { probabilities: floatsOf(result['probabilities']), memory: { state: after, context: rows.slice(last, last + CONTEXT) } };
}
