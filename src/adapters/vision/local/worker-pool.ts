import { once } from 'node:events';
import { type Transferable, Worker } from 'node:worker_threads';

interface Task<Request, Reply> {
  request: Request;
  transfer: readonly Transferable[];
  resolve: (reply: Reply) => void;
  reject: (reason: unknown) => void;
}

interface Slot<Request, Reply> {
  worker: Worker;
  task: Task<Request, Reply> | null;
}

/** Maximum time of an answer on a busy machine, including the loading of the models. */
const ANSWER_MS = 10_000;

/** Stops a worker after its answer: a thread that ends while onnxruntime computes in it crashes the whole process (`Napi::Error`). */
async function stop<Request, Reply>({ worker, task }: Slot<Request, Reply>, answerMs: number): Promise<void> {
  const signal = AbortSignal.timeout(answerMs);
  if (task) await Promise.race([once(worker, 'message', { signal }), once(worker, 'exit', { signal })]).catch(() => {});
  await worker.terminate();
}

/**
 * Threads of one script that each answer one message at a time. They start when there is work, do not keep the process alive
 * while idle, and are replaced when they die: their current task is rejected, the others continue.
 *
 * Why not piscina: `close()` of 5.3.2, the newest for Node 20, ends all threads once the first busy one has answered, which crashed the
 * process (`Napi::Error`) in 5 of 5 runs with two threads. If a thread dies, an urgent task waits until another is free (1.5 s instead
 * of 0.05 s where that one was busy for 1.5 s), unless all threads start with the first task. If no thread can start, tasks wait
 * forever.
 */
export class WorkerPool<Request, Reply> {
  readonly #script: URL;
  readonly #size: number;
  readonly #answerMs: number;
  readonly #slots = new Set<Slot<Request, Reply>>();
  /** Somebody is waiting for these; other tasks start only when there are no urgent ones. */
  readonly #urgent: Task<Request, Reply>[] = [];
  readonly #waiting: Task<Request, Reply>[] = [];
  #disposed = false;

  /** @param options.answerMs time for running tasks when the pool is disposed of */
  constructor(script: URL, size: number, { answerMs = ANSWER_MS } = {}) {
    this.#script = script;
    this.#size = size;
    this.#answerMs = answerMs;
  }

  /**
   * @param transfer buffers of `request` that are transferred instead of copied.
   * @param options.urgent goes before all other tasks: it only waits for running ones.
   * @throws Error if the worker dies during the task or the pool is disposed of.
   */
  run(request: Request, transfer: readonly Transferable[] = [], { urgent = false } = {}): Promise<Reply> {
    if (this.#disposed) return Promise.reject(new Error('The worker pool is closed'));
    return new Promise((resolve, reject) => {
      (urgent ? this.#urgent : this.#waiting).push({ request, transfer, resolve, reject });
      this.#assign();
    });
  }

  /** Rejects waiting tasks; running ones are still answered, unless they take too long. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const task of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) task.reject(new Error('The worker pool is closed'));
    await Promise.all([...this.#slots].map((slot) => stop(slot, this.#answerMs)));
  }

  #assign(): void {
    while (this.#urgent.length + this.#waiting.length > 0) {
      const slot = [...this.#slots].find(({ task }) => task === null) ?? this.#start();
      const task = slot && (this.#urgent.shift() ?? this.#waiting.shift());
      if (!slot || !task) return;
      try {
        slot.worker.postMessage(task.request, task.transfer);
      } catch (error) {
        // If the task cannot be sent, the worker must not stay busy.
        slot.worker.unref();
        task.reject(error);
        continue;
      }
      slot.task = task;
      slot.worker.ref();
    }
  }

  #start(): Slot<Request, Reply> | undefined {
    if (this.#slots.size >= this.#size) return undefined;
    const slot: Slot<Request, Reply> = { worker: new Worker(this.#script), task: null };
    this.#slots.add(slot);
    slot.worker.on('message', (reply: Reply) => {
      const { task } = slot;
      slot.task = null;
      slot.worker.unref();
      task?.resolve(reply);
      this.#assign();
    });
    slot.worker.on('error', (cause) => this.#lose(slot, new Error('A worker failed', { cause })));
    slot.worker.on('exit', (code) => this.#lose(slot, new Error(`A worker ended with code ${code}`)));
    return slot;
  }

  /** 'error' is followed by 'exit', which then has nothing left to do. */
  #lose(slot: Slot<Request, Reply>, reason: Error): void {
    if (!this.#slots.delete(slot)) return;
    slot.task?.reject(reason);
    if (!this.#disposed) this.#assign();
  }
}
