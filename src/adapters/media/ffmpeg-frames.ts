import { PassThrough, type Readable } from 'node:stream';

/**
 * Memory of frames, shared with the threads that look at them, used again once a frame is done with: to collect a new
 * megabyte for each was a twentieth of the work of an analysis.
 */
export class FrameMemory {
  readonly bytes: number;
  readonly #spare: Uint8Array[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  take(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(new SharedArrayBuffer(this.bytes));
  }

  giveBack(frame: Uint8Array): void {
    this.#spare.push(frame);
  }
}

/** Reads whole frames from a pipe, into memory that is its reader's then; a cut last one is dropped. Throws the signal's reason where it cut the pipe. */
export async function* cutFrames(stdout: Readable, memory: FrameMemory, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let frame = memory.take();
  let filled = 0;
  try {
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + memory.bytes - filled);
        frame.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < memory.bytes) continue;
        yield frame;
        frame = memory.take();
        filled = 0;
      }
    }
  } catch (error) {
    // A killed process shows as a cut stream; who killed it knows why.
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
}

/** Timestamps of the frames on the pipe, in their order, from the log of `showinfo`. */
export class FrameTimes {
  readonly #queue = new PassThrough({ objectMode: true });
  readonly #times = this.#queue[Symbol.asyncIterator]() as AsyncIterator<number>;

  readonly readLine = (line: string): void => {
    const time = /^\[Parsed_showinfo_\d+ @ [^\]]*\] n: *\d+ .*?pts_time: *(\S+)/.exec(line)?.[1];
    // A frame without timestamp is the first one.
    if (time !== undefined) this.#queue.write(Math.max(0, Number(time) || 0));
  };

  readonly end = (): void => void this.#queue.end();

  /** Null where ffmpeg has ended without telling. */
  async next(): Promise<number | null> {
    const { value, done } = await this.#times.next();
    return done ? null : value;
  }
}
