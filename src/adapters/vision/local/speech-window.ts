/** Samples that one probability is for. */
export const WINDOW = 512;
/** Samples of the window before that the net wants to see again. */
export const CONTEXT = 64;

/** What the net remembers between two windows: with it, any worker can go on where another stopped. */
export interface SpeechMemory {
  state: Float32Array;
  context: Float32Array;
}

export const silence = (): SpeechMemory => ({ state: new Float32Array(2 * 128), context: new Float32Array(CONTEXT) });
