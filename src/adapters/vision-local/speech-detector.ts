import { Tensor } from 'onnxruntime-node';
import { models } from './models.ts';
import { CONTEXT, type SpeechMemory, WINDOW } from './speech-window.ts';

const SAMPLE_RATE = 16_000;

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('The voice detector answered no numbers');
  return tensor.data;
}

/** Probability of speech in each window of 512 samples (16 kHz, mono); `samples` holds whole windows. */
export async function detectSpeech(
  samples: Int16Array,
  memory: SpeechMemory,
): Promise<{ probabilities: Float32Array; memory: SpeechMemory }> {
  const session = await models.speech();
  const rate = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE)), []);
  const probabilities = new Float32Array(samples.length / WINDOW);
  let { state, context } = memory;
  for (let i = 0; i < probabilities.length; i++) {
    const input = new Float32Array(CONTEXT + WINDOW);
    input.set(context);
    samples.subarray(i * WINDOW, (i + 1) * WINDOW).forEach((sample, k) => (input[CONTEXT + k] = sample / 32_768));
    context = input.slice(WINDOW);
    const result = await session.run({
      input: new Tensor('float32', input, [1, input.length]),
      state: new Tensor('float32', state, [2, 1, 128]),
      sr: rate,
    });
    const [probability = 0] = floatsOf(result['output']);
    probabilities[i] = probability;
    state = floatsOf(result['stateN']);
  }
  return { probabilities, memory: { state, context } };
}
