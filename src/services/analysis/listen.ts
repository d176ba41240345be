import { SOUND_RATE } from '../../adapters/media/ffmpeg-sample.ts';
import type { VisionProvider } from '../../adapters/vision/vision.ts';
import type { Span } from './timeline.ts';

/** Samples per probability, fixed by the voice detector. */
const WINDOW = 512;
const WINDOW_SECONDS = WINDOW / SOUND_RATE;

/** Measured: finds .954 of the seconds with speech, and none of the others. */
const VOICE_PROBABILITY = 0.5;
const VOICE_SHARE = 0.15;

/** Whether somebody talks, per second; null without sound. `onSeconds` is called with the seconds done so far. */
export async function listen(
  sound: AsyncIterable<Int16Array>,
  vision: VisionProvider,
  onSeconds: (seconds: number) => void,
): Promise<Span<boolean>[] | null> {
  const speech = await vision.openSpeech();
  const seconds: VoiceSecond[] = [];
  let windows = 0;
  try {
    for await (const samples of sound) {
      for (const probability of await speech.probabilities(samples)) {
        (seconds[Math.floor(windows * WINDOW_SECONDS)] ??= newSecond()).add(probability);
        windows += 1;
      }
      onSeconds(windows * WINDOW_SECONDS);
    }
  } finally {
    await speech.close();
  }
  if (windows === 0) return null;
  return seconds.map((second, index) => second.judge(index, Math.min(index + 1, windows * WINDOW_SECONDS)));
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
