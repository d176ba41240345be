import { finished, type Readable } from 'node:stream';

/** Returns a promise if the reader must wait. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined | void;

export interface EachChunkOptions {
  /** Aborts the reading, with its reason. */
  signal?: AbortSignal | undefined;
  /** Converts an error of the stream, or its premature end, into the error to throw. */
  explain?: (error: Error) => unknown;
}

/**
 * Passes a stream to `take` chunk by chunk; the next one is not read before `take` is done. Written by hand, because `for await`
 * costs a promise per chunk and a pipe a second buffer, and both destroy the stream. If `take` throws, the rest stays unread.
 */
export function eachChunk(stream: Readable, take: TakeChunk, { signal, explain }: EachChunkOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let flowing = true;
    const stop = (settle: () => void) => {
      flowing = false;
      stream.off('data', onData).pause();
      stopWatching();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (error: unknown) => stop(() => reject(error));
    const onAbort = () => fail(signal?.reason);
    const onData = (chunk: Buffer) => {
      try {
        const taken = take(chunk);
        if (!taken) return;
        stream.pause();
        taken.then(() => flowing && stream.resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    const stopWatching = finished(stream, { writable: false }, (error) => {
      if (error) fail(explain ? explain(error) : error);
      else stop(resolve);
    });
    signal?.addEventListener('abort', onAbort);
    stream.on('data', onData);
  });
}
