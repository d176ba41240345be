import type { Box, Frame, FoundPhone } from '../vision.ts';
import { areaOf, centre } from './geometry.ts';
import { OBJECTS_SIZE } from './nets.ts';
import { findObjects, lookForObjects, type ObjectLook, type Peak } from './object-peaks.ts';

const MIN_SCORE = 0.1;
/** Scores below this in the mirrored picture count as nothing. */
const FAINTEST = 0.04;
/**
 * Share of the frame. A phone held up to a webcam covers at least 2 %; smaller finds are mostly other things: collars,
 * microphones, shadows.
 */
const MIN_AREA = 0.01;
/** Maximum distance of two peaks of the same object, as a share of the longer side of the first look's box. */
const SAME_PLACE = 0.5;

/**
 * Doubtful scores get a closer look. Measured: of 295 pictures without a phone, 13 are doubtful and none is then taken for a phone;
 * of 12 with a phone, 6 are doubtful and 5 of them are detected.
 */
const DOUBT = { from: 0.14, to: 0.35 };
/** Side of the square for the closer look, as a multiple of the box's longer side. */
const CLOSER = 2.2;
/** Only the best ones get a closer look; the others stay doubtful. */
const MOST_CLOSER = 2;

/** Phones, best first. Doubtful ones also get a closer look, and score the mean of both. @param look at the frame */
export async function detectPhones(frame: Frame, look: ObjectLook): Promise<FoundPhone[]> {
  const found = await lookBothWays(frame, look);
  for (const phone of found.slice(0, MOST_CLOSER)) {
    if (phone.score < DOUBT.from || phone.score >= DOUBT.to) continue;
    const part = cutOut(frame, widen(phone.box));
    const [near] = await lookBothWays(part, await lookForObjects(part));
    phone.score = (phone.score + (near?.score ?? 0)) / 2;
  }
  return found.filter(({ score }) => score >= MIN_SCORE).sort(bestFirst);
}

const bestFirst = (a: FoundPhone, b: FoundPhone) => b.score - a.score;

/**
 * If there might be a phone, the mirrored picture is analysed too, and the mean of both counts: something that looks like a phone
 * in only one of them (a collar, a medal, a cord) mostly falls below the limit.
 */
async function lookBothWays(frame: Frame, { objects, pixels, zoom }: ObjectLook): Promise<FoundPhone[]> {
  const isLarge = ({ box }: Peak) => areaOf(box) >= MIN_AREA * areaOf(frame);
  const first = objects('phone', MIN_SCORE).filter(isLarge);
  if (first.length === 0) return [];
  const width = Math.round(frame.width * zoom);
  const second = (await findObjects(mirror(pixels, width), zoom))('phone', FAINTEST).map((peak) =>
    Object.assign(peak, { x: width / zoom - peak.x }),
  );
  return first
    .map((peak) => ({ box: peak.box, score: (peak.score + scoreAt(second, peak)) / 2 }))
    .filter(({ score }) => score >= MIN_SCORE)
    .sort(bestFirst);
}

/** The square around a box for the closer look; may extend beyond the frame. */
function widen(box: Box): Box {
  const { x, y } = centre(box);
  const side = CLOSER * Math.max(box.width, box.height);
  return { x: x - side / 2, y: y - side / 2, width: side, height: side };
}

/** The part of a frame that lies in a box. */
function cutOut({ data, width, height }: Frame, box: Box): Frame {
  const [left, top] = [Math.max(0, Math.floor(box.x)), Math.max(0, Math.floor(box.y))];
  const right = Math.max(left + 1, Math.min(width, Math.ceil(box.x + box.width)));
  const bottom = Math.max(top + 1, Math.min(height, Math.ceil(box.y + box.height)));
  const rowBytes = (right - left) * 3;
  const part = new Uint8Array(rowBytes * (bottom - top));
  for (let row = top; row < bottom; row += 1) {
    const from = (row * width + left) * 3;
    part.set(data.subarray(from, from + rowBytes), (row - top) * rowBytes);
  }
  return { data: part, width: right - left, height: bottom - top };
}

function scoreAt(peaks: readonly Peak[], { x, y, box }: Peak): number {
  const reach = SAME_PLACE * Math.max(box.width, box.height);
  return Math.max(0, ...peaks.filter((peak) => Math.hypot(peak.x - x, peak.y - y) < reach).map(({ score }) => score));
}

/** Mirrors the picture within the letterbox, where it starts at the left. */
function mirror(pixels: Float32Array, width: number): Float32Array {
  const mirrored = new Float32Array(pixels.length);
  for (let row = 0; row < OBJECTS_SIZE; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * OBJECTS_SIZE + column) * 3;
      const to = (row * OBJECTS_SIZE + width - 1 - column) * 3;
      mirrored[to] = pixels[from] ?? 0;
      mirrored[to + 1] = pixels[from + 1] ?? 0;
      mirrored[to + 2] = pixels[from + 2] ?? 0;
    }
  }
  return mirrored;
}
