import { PassThrough, type Readable } from 'node:stream';

/** Reads whole frames of `frameBytes` from a pipe; a cut last one is dropped. Throws the signal's reason where it cut the pipe. */
export async function* cutFrames(stdout: Readable, frameBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let frame = new Uint8Array(frameBytes);
  let filled = 0;
  try {
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + frameBytes - filled);
        frame.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < frameBytes) continue;
        yield frame;
        frame = new Uint8Array(frameBytes);
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
