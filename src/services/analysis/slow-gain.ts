import { SOUND_RATE } from '../../adapters/media/ffmpeg-sample.ts';

/** Samples that share one decision. */
const WINDOW = 512;
const WINDOW_SECONDS = WINDOW / SOUND_RATE;
const FULL_SCALE = 32_768;

// Levels are decibels relative to full scale, gains decibels. Chosen on one half of the clips, see docs/quality.md.
const MOST_GAIN = 30;
/** Level of a voice's loudest windows to reach. */
const TARGET = -12;
/** The noise floor is not raised above this: a hum at the level of a voice is heard as one. */
const LOUDEST_FLOOR = -33;
/** What is quieter is no noise floor but the rounding of samples. */
const LEAST_FLOOR = -72;
/** Distance from the noise floor at which a window counts as a sound. */
const ABOVE_FLOOR = 6;
/** The largest sample, as a share of full scale, so that nothing clips. */
const CEILING = 0.9;
/** Decibels per second: of the gain, and of the remembered level of a voice. */
const RISE = 10;
const FALL = 60;
const FORGET = 6;
/** Windows (1.5 s) whose quietest is the noise floor. Speech pauses within them, noise does not. */
const FLOOR_WINDOWS = 48;

/**
 * An automatic gain for far and quiet voices: up to 30 dB, rising slowly while something is louder than the noise floor, and frozen
 * otherwise, so that a silent room stays silent. The floor follows the quietest of the last 1.5 s.
 * Call the result with the samples in order (16 kHz, mono), split anywhere. It returns whole windows of 512; what is left over
 * precedes the samples of the next call.
 */
export function createSlowGain(): (samples: Int16Array) => Int16Array {
  let rest = new Int16Array(0);
  let voice = -Infinity;
  let gain = 0;
  let factor = 1;
  const levels: number[] = [];

  /** Amplifies a window in place. */
  function amplify(samples: Int16Array): void {
    let energy = 0;
    let highest = 0;
    let lowest = 0;
    for (let at = 0; at < WINDOW; at += 1) {
      const sample = samples[at] ?? 0;
      energy += sample * sample;
      if (sample > highest) highest = sample;
      if (sample < lowest) lowest = sample;
    }
    const peak = Math.max(highest, -lowest);
    const level = 10 * Math.log10(energy / WINDOW / FULL_SCALE ** 2 + Number.MIN_VALUE);
    levels.push(level);
    if (levels.length > FLOOR_WINDOWS) levels.shift();
    const floor = Math.max(LEAST_FLOOR, Math.min(...levels));
    const isSound = level > floor + ABOVE_FLOOR;
    if (isSound) voice = Math.max(level, voice - FORGET * WINDOW_SECONDS);
    const wanted = Math.min(MOST_GAIN, isSound ? TARGET - voice : gain, LOUDEST_FLOOR - floor);
    gain = Math.max(0, Math.min(Math.max(wanted, gain - FALL * WINDOW_SECONDS), gain + RISE * WINDOW_SECONDS));
    const mostFactor = Math.max(1, (CEILING * FULL_SCALE) / Math.max(1, peak));
    gain = Math.min(gain, 20 * Math.log10(mostFactor));
    // Without a step, except where the old factor would clip.
    const from = Math.min(factor, mostFactor);
    factor = 10 ** (gain / 20);
    if (from === 1 && factor === 1) return;
    const slope = (factor - from) / WINDOW;
    for (let at = 0; at < WINDOW; at += 1) samples[at] = (samples[at] ?? 0) * (from + slope * (at + 1));
  }

  return (samples) => {
    const joined = new Int16Array(rest.length + samples.length);
    joined.set(rest);
    joined.set(samples, rest.length);
    const whole = joined.length - (joined.length % WINDOW);
    rest = joined.slice(whole);
    for (let at = 0; at < whole; at += WINDOW) amplify(joined.subarray(at, at + WINDOW));
    return joined.subarray(0, whole);
  };
}
