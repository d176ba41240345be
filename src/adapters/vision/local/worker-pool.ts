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

/** What an answer may take on a busy machine, the loading of the models included. */
const ANSWER_MS = 10_000;

/** Once it has answered: a thread that ends while onnxruntime computes in it takes the whole process with it (`Napi::Error`). */
async function stop<Request, Reply>({ worker, task }: Slot<Request, Reply>, answerMs: number): Promise<void> {
  const signal = AbortSignal.timeout(answerMs);
  if (task) await Promise.race([once(worker, 'message', { signal }), once(worker, 'exit', { signal })]).catch(() => {});
  await worker.terminate();
}

/**
 * Threads of one script that each answer one message at a time. They start when there is work for them, do not keep the
 * process alive while they have none, and are replaced when they die: what they were at is rejected, the rest goes on.
 */
export class WorkerPool<Request, Reply> {
  readonly #script: URL;
  readonly #size: number;
  readonly #answerMs: number;
  readonly #slots = new Set<Slot<Request, Reply>>();
  /** Somebody waits for these now; the others are begun once there are none of them. */
  readonly #urgent: Task<Request, Reply>[] = [];
  readonly #waiting: Task<Request, Reply>[] = [];
  #disposed = false;

  /** @param options.answerMs for what is under way when the pool is disposed of */
  constructor(script: URL, size: number, { answerMs = ANSWER_MS } = {}) {
    this.#script = script;
    this.#size = size;
    this.#answerMs = answerMs;
  }

  /**
   * @param transfer Buffers of `request` that are handed over instead of copied.
   * @param options.urgent Goes before all that is not: it waits for no more than what is under way.
   * @throws Error where the worker dies over it or the pool is disposed of.
   */
  run(request: Request, transfer: readonly Transferable[] = [], { urgent = false } = {}): Promise<Reply> {
    if (this.#disposed) return Promise.reject(new Error('The worker pool is closed'));
    return new Promise((resolve, reject) => {
      (urgent ? this.#urgent : this.#waiting).push({ request, transfer, resolve, reject });
      this.#assign();
    });
  }

  /** What waits is rejected; what is under way is still answered, unless it takes too long. */
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
        // What cannot be sent must not keep the worker waiting for a reply.
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

  /** 'error' is followed by 'exit', which then finds nothing left to do. */
  #lose(slot: Slot<Request, Reply>, reason: Error): void {
    if (!this.#slots.delete(slot)) return;
    slot.task?.reject(reason);
    if (!this.#disposed) this.#assign();
  }
}
