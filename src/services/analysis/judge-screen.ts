import type { SampledFrame } from '../../adapters/media/ffmpeg-sample.ts';
import type { Frame } from '../../adapters/vision/vision.ts';
import { type Signs, toSamples } from './episodes.ts';
import { shareOfTime, type Segment, type Span, toSegments } from './timeline.ts';

/** Fractions of the sampled time. */
export interface ScreenActivity {
  /** Nothing changed since the previous sample. */
  idle: number;
  /** Nearly one colour, black included. */
  blank: number;
}

/** Out of 255; compression alone changes a pixel by less. */
const PIXEL_CHANGE = 32;
/** Share of the pixels: typing a word changes more, a blinking cursor less. */
const PICTURE_CHANGE = 0.0001;
/** Out of 255: the largest distance of a pixel from the mean colour. */
const COLOUR_RANGE = 16;
/** Share of the pixels in that range: a pointer may be outside, a line of text is more. */
const BLANK_SHARE = 0.9995;

/** Out of 255: a display that sleeps is recorded as black; the background of a dark editor is above it. */
const BLACK_COLOUR = 24;

type ScreenPicture = 'screen_black' | 'screen_blank' | null;

/** Seconds; a person typing makes shorter pauses all the time, and thousands of segments say nothing. */
const LEAST_PAUSE = 3;

/** What a frame of a screen recording says about the time before it, and about itself. */
export interface ScreenSample {
  time: number;
  /** Compared with the previous sample; null for the first. */
  changed: boolean | null;
  /** `screen_black` and `screen_blank` if it has nearly one colour. */
  picture: ScreenPicture;
}

/** Looks at frames as they come; keeps only one. */
export async function* watchScreen(frames: AsyncIterable<SampledFrame>): AsyncGenerator<ScreenSample> {
  let before: SampledFrame | null = null;
  for await (const sampled of frames) {
    const { time, frame } = sampled;
    yield { time, changed: before && hasChanged(before.frame, frame), picture: pictureOf(frame) };
    before?.release();
    before = sampled;
  }
}

/** Turns samples into figures and segments. Recorders send no frame while a screen stands still, so missing frames are idle time. */
export function judgeScreen(samples: readonly ScreenSample[], { duration, interval }: { duration: number; interval: number }) {
  const idle = idleSpans(samples, duration, interval);
  const pictures = samples.map(({ time, picture }, index) => ({
    start: time,
    end: samples[index + 1]?.time ?? Math.max(time, duration),
    state: picture,
    score: 1,
  }));
  const idleSegments = toSegments(idle, (state) => (state ? 'screen_idle' : null)).filter(isPause);
  const segmentsOf = (type: ScreenPicture) => toSegments(pictures, (state) => (state === type ? type : null));
  return {
    screen: {
      idle: shareOfTime(idle, true),
      blank: shareOfTime(pictures, 'screen_blank') + shareOfTime(pictures, 'screen_black'),
    } satisfies ScreenActivity,
    segments: [...idleSegments, ...segmentsOf('screen_blank'), ...segmentsOf('screen_black')] satisfies Segment[],
    idle: idleSegments,
    signs: { screen_black: toSamples(pictures, (state) => state === 'screen_black', interval) } satisfies Signs,
  };
}

const isPause = ({ startSeconds, endSeconds }: Segment) => endSeconds - startSeconds >= LEAST_PAUSE;

/** A change is dated to the last `interval` before the frame that shows it. */
function idleSpans(samples: readonly ScreenSample[], duration: number, interval: number): Span<boolean>[] {
  const spans = samples.flatMap((sample, index): Span<boolean>[] => {
    const before = samples[index - 1];
    if (!before) return [];
    const changedFrom = sample.changed ? Math.max(before.time, sample.time - interval) : sample.time;
    return [
      { start: before.time, end: changedFrom, state: true, score: 1 },
      { start: changedFrom, end: sample.time, state: false, score: 1 },
    ];
  });
  const last = samples.at(-1);
  const sinceLast = last ? duration - last.time : 0;
  if (last) spans.push({ start: last.time, end: duration, state: sinceLast > interval || last.changed === false, score: 1 });
  return spans.filter(({ start, end }) => end - start > 0.002);
}

function hasChanged(before: Frame, after: Frame): boolean {
  const enough = (after.width * after.height * PICTURE_CHANGE) | 0;
  let changed = 0;
  // Green carries most of the brightness.
  for (let at = 1; at < after.data.length; at += 3) {
    if (Math.abs((after.data[at] ?? 0) - (before.data[at] ?? 0)) > PIXEL_CHANGE && (changed += 1) > enough) return true;
  }
  return false;
}

function pictureOf({ data }: Frame): ScreenPicture {
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 1) sums[at % 3] = (sums[at % 3] ?? 0) + (data[at] ?? 0);
  const pixels = data.length / 3;
  const [red = 0, green = 0, blue = 0] = sums.map((sum) => sum / pixels);
  const isNear = (at: number) =>
    Math.abs((data[at] ?? 0) - red) <= COLOUR_RANGE &&
    Math.abs((data[at + 1] ?? 0) - green) <= COLOUR_RANGE &&
    Math.abs((data[at + 2] ?? 0) - blue) <= COLOUR_RANGE;
  const mostOutliers = pixels * (1 - BLANK_SHARE);
  let outliers = 0;
  for (let at = 0; at < data.length; at += 3) {
    if (!isNear(at) && (outliers += 1) > mostOutliers) return null;
  }
  return Math.max(red, green, blue) <= BLACK_COLOUR ? 'screen_black' : 'screen_blank';
}
