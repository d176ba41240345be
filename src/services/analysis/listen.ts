import { type Silence, SOUND_RATE } from '../../adapters/media/ffmpeg-sample.ts';
import type { VisionProvider } from '../../adapters/vision/vision.ts';
import { createSlowGain } from './slow-gain.ts';
import type { Span } from './timeline.ts';

/** Samples per probability, fixed by the voice detector. */
const WINDOW = 512;
const WINDOW_SECONDS = WINDOW / SOUND_RATE;

/** Windows of zeros after which the detector and the gain have forgotten what was before; the rest of a silence is skipped. */
const FADE = 64;

/** Measured: finds .977 of the seconds with speech, from full level to 30 dB below, and none of the others. */
const VOICE_PROBABILITY = 0.5;
const VOICE_SHARE = 0.15;

/** Whether somebody talks, per second; null without sound. `onSeconds` is called with the seconds done so far. */
export async function listen(
  sound: AsyncIterable<Int16Array | Silence>,
  vision: VisionProvider,
  onSeconds: (seconds: number) => void,
): Promise<Span<boolean>[] | null> {
  const speech = await vision.openSpeech();
  const amplify = createSlowGain();
  const seconds = new Map<number, VoiceSecond>();
  let windows = 0;
  const hear = async (samples: Int16Array) => {
    for (const probability of await speech.probabilities(amplify(samples))) {
      const index = Math.floor(windows * WINDOW_SECONDS);
      const second = seconds.get(index) ?? newSecond();
      seconds.set(index, second);
      second.add(probability);
      windows += 1;
    }
    onSeconds(windows * WINDOW_SECONDS);
  };
  try {
    for await (const piece of inPieces(sound)) {
      if (piece instanceof Int16Array) {
        await hear(piece);
        continue;
      }
      // Whole windows, so that the others stay where they are.
      const skipped = Math.max(0, Math.floor(piece.silence / WINDOW) - FADE);
      await hear(new Int16Array(Math.min(piece.silence, FADE * WINDOW)));
      windows += skipped;
      await hear(new Int16Array(Math.max(0, piece.silence - (FADE + skipped) * WINDOW)));
    }
  } finally {
    await speech.close();
  }
  if (windows === 0) return null;
  const end = windows * WINDOW_SECONDS;
  return Array.from({ length: Math.ceil(end) }, (_, index) => (seconds.get(index) ?? newSecond()).judge(index, Math.min(index + 1, end)));
}

/** Samples per call of the detector: a call for each packet of a recorder would cost more than its work. */
const PIECE = SOUND_RATE * 10;

/** Collects samples into larger pieces. */
async function* inPieces(sound: AsyncIterable<Int16Array | Silence>): AsyncGenerator<Int16Array | Silence> {
  let piece = new Int16Array(PIECE);
  let filled = 0;
  for await (const part of sound) {
    if (!(part instanceof Int16Array)) {
      if (filled > 0) yield piece.subarray(0, filled);
      yield part;
      [piece, filled] = [new Int16Array(PIECE), 0];
      continue;
    }
    for (let at = 0; at < part.length;) {
      const taken = part.subarray(at, at + PIECE - filled);
      piece.set(taken, filled);
      at += taken.length;
      filled += taken.length;
      if (filled < PIECE) continue;
      yield piece;
      [piece, filled] = [new Int16Array(PIECE), 0];
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

type VoiceSecond = ReturnType<typeof newSecond>;

function newSecond() {
  let windows = 0;
  let voiced = 0;
  let voicedSum = 0;
  return {
    add(probability: number) {
      windows += 1;
      if (probability <= VOICE_PROBABILITY) return;
      voiced += 1;
      voicedSum += probability;
    },
    judge(start: number, end: number): Span<boolean> {
      const isTalking = voiced >= VOICE_SHARE * windows && voiced > 0;
      return { start, end, state: isTalking, score: isTalking ? voicedSum / voiced : 1 };
    },
  };
}
