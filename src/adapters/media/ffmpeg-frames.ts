import { PassThrough, type Readable } from 'node:stream';

/**
 * Frame buffers, shared with the threads that analyse them and reused once a frame is done. Allocating and collecting a new
 * megabyte per frame took a twentieth of the work of an analysis.
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

/**
 * Reads whole frames from a pipe into buffers that belong to the reader; an incomplete last one is dropped. Throws the signal's
 * reason if that cut the pipe.
 */
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
    // A killed process looks like a cut stream; the signal knows the reason.
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
}

/** Timestamps of the frames on the pipe, in order, from the log of `showinfo`. */
export class FrameTimes {
  readonly #queue = new PassThrough({ objectMode: true });
  readonly #times = this.#queue[Symbol.asyncIterator]() as AsyncIterator<number>;

  readonly readLine = (line: string): void => {
    const time = /^\[Parsed_showinfo_\d+ @ [^\]]*\] n: *\d+ .*?pts_time: *(\S+)/.exec(line)?.[1];
    // Only the first frame may have no timestamp.
    if (time !== undefined) this.#queue.write(Math.max(0, Number(time) || 0));
  };

  readonly end = (): void => void this.#queue.end();

  /** Null if ffmpeg has ended without another timestamp. */
  async next(): Promise<number | null> {
    const { value, done } = await this.#times.next();
    return done ? null : value;
  }
}
