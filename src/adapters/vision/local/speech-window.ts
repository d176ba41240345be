/** Samples per probability. */
export const WINDOW = 512;
/** Samples of the previous window that the net needs again. */
export const CONTEXT = 64;

/** The net's state between two windows: with it, any worker can continue where another stopped. */
export interface SpeechMemory {
  state: Float32Array;
  context: Float32Array;
}

export const silence = (): SpeechMemory => ({ state: new Float32Array(2 * 128), context: new Float32Array(CONTEXT) });
