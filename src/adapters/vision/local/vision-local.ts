import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import type { Transferable } from 'node:worker_threads';
import './image-loaders.ts';
import './onnx-telemetry.ts';
import { ImageError, type SpeechStream, type VisionProvider } from '../vision.ts';
import { imageModelNames } from './image-models.ts';
import type { TaskName, TaskReply, TaskRequest, VisionTasks } from './protocol.ts';
import { silence, WINDOW } from './speech-window.ts';
import { WorkerPool } from './worker-pool.ts';

type Ask = <Name extends TaskName>(
  task: { name: Name } & VisionTasks[Name]['request'],
  transfer: readonly Transferable[],
  options?: { urgent?: boolean },
) => Promise<VisionTasks[Name]['answer']>;

function createAsk(pool: WorkerPool<TaskRequest, TaskReply>): Ask {
  return async <Name extends TaskName>(
    task: { name: Name } & VisionTasks[Name]['request'],
    transfer: readonly Transferable[],
    options: { urgent?: boolean } = {},
  ) => {
    const reply = await pool.run(task as TaskRequest, transfer, options);
    if ('imageError' in reply) throw new ImageError(reply.imageError);
    if ('error' in reply) throw reply.error;
    return reply.answer;
  };
}

function createSpeechStream(ask: Ask): SpeechStream {
  let memory = silence();
  let rest = new Int16Array(0);
  /** Each call continues from the state of the previous one. */
  let last: Promise<unknown> = Promise.resolve();

  const detect = async (samples: Int16Array) => {
    const joined = new Int16Array(rest.length + samples.length);
    joined.set(rest);
    joined.set(samples, rest.length);
    const whole = joined.length - (joined.length % WINDOW);
    rest = joined.slice(whole);
    if (whole === 0) return new Float32Array(0);
    const windows = joined.slice(0, whole);
    const found = await ask({ name: 'detectSpeech', samples: windows, memory }, [windows.buffer]);
    memory = found.memory;
    return found.probabilities;
  };
  return {
    probabilities(samples) {
      // Copied before the first await, because the caller may reuse its buffer.
      const own = samples.slice();
      const detected = last.then(() => detect(own));
      last = detected.catch(() => undefined);
      return detected;
    },
    async close() {
      await last;
    },
  };
}

/** Frame memory that a thread can read in place, or a copy. */
function toShared(data: Uint8Array): Uint8Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const shared = new Uint8Array(new SharedArrayBuffer(data.length));
  shared.set(data);
  return shared;
}

/** Default maximum: the workers share the machine with ffmpeg and the database. */
const MOST_WORKERS = 4;

/**
 * Uses the nets inside @vladmandic/human, @vladmandic/face-api and @ricky0123/vad-web, in `workers` threads; default: one per
 * core, at most four. No thread starts before the first call; one that observes frames takes 175 MB, one that also embeds faces
 * 300 MB.
 */
export function createLocalVision(options: { workers?: number | undefined }): VisionProvider {
  const workers = options.workers ?? Math.min(MOST_WORKERS, availableParallelism());
  // The compiled file beside this one, or the source where the program runs from its source (`npm run dev`).
  const worker = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
  const pool = new WorkerPool<TaskRequest, TaskReply>(worker, workers);
  const ask = createAsk(pool);
  return {
    parallel: workers,
    detector: 'local/4 (human 3.3.6, face-api 1.7.15, silero 6)',
    verifier: 'local/4 (human 3.3.6, face-api 1.7.15)',
    observe({ data, width, height }, look) {
      return ask({ name: 'observe', frame: { data: toShared(data), width, height }, ...look }, []);
    },
    observeImage(image, look) {
      const copy = new Uint8Array(image);
      return ask({ name: 'observeImage', image: copy, ...look }, [copy.buffer], { urgent: true });
    },
    readFaceImage(image) {
      const copy = new Uint8Array(image);
      return ask({ name: 'readFaceImage', image: copy }, [copy.buffer], { urgent: true });
    },
    async prepare() {
      // A verification reads two pictures at a time. One model after the other, so that requests and a shutdown need not wait for all.
      const threads = Array.from({ length: Math.min(2, workers) });
      for (const model of imageModelNames) await Promise.all(threads.map(() => ask({ name: 'load', model }, [])));
    },
    async openSpeech() {
      return createSpeechStream(ask);
    },
    dispose: () => pool.dispose(),
  };
}
