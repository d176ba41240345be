import { finished, type Readable } from 'node:stream';

/** A promise, where there is something to wait for. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined | void;

export interface EachChunkOptions {
  /** Ends the reading, with its reason. */
  signal?: AbortSignal | undefined;
  /** Makes what is thrown of an error of the stream, or of its end before it was complete. */
  explain?: (error: Error) => unknown;
}

/**
 * Hands a stream over chunk by chunk; the next one is not read before `take` is done. By hand: an iteration costs a promise
 * for each chunk, and a pipe a second buffer, and would destroy the stream. When `take` throws, the rest stays unread.
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
