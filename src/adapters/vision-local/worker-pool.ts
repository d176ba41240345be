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

/**
 * Threads of one script that each answer one message at a time. They start when there is work for them, do not keep the
 * process alive while they have none, and are replaced when they die: what they were at is rejected, the rest goes on.
 */
export class WorkerPool<Request, Reply> {
  readonly #script: URL;
  readonly #size: number;
  readonly #slots = new Set<Slot<Request, Reply>>();
  /** Somebody waits for these now; the others are begun once there are none of them. */
  readonly #urgent: Task<Request, Reply>[] = [];
  readonly #waiting: Task<Request, Reply>[] = [];
  #disposed = false;

  constructor(script: URL, size: number) {
    this.#script = script;
    this.#size = size;
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

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const task of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) task.reject(new Error('The worker pool is closed'));
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
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
