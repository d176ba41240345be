import type { Box } from '../vision.ts';

export interface Point {
  x: number;
  y: number;
}

/** Rotates, scales and moves: (x, y) → (cos·x − sin·y + dx, sin·x + cos·y + dy); `cos` and `sin` include the scale. */
export interface Similarity {
  cos: number;
  sin: number;
  dx: number;
  dy: number;
}

export function transform({ cos, sin, dx, dy }: Similarity, { x, y }: Point): Point {
  return { x: cos * x - sin * y + dx, y: sin * x + cos * y + dy };
}

export const middle = (p: Point, q: Point): Point => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
export const distance = (p: Point, q: Point): number => Math.hypot(q.x - p.x, q.y - p.y);
export const centre = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 });

export const areaOf = ({ width, height }: Pick<Box, 'width' | 'height'>): number => width * height;

/** The box scaled around its centre. */
export function scaleBox(box: Box, factor: number): Box {
  const { x, y } = centre(box);
  const width = box.width * factor;
  const height = box.height * factor;
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/** The box with all its numbers multiplied: the same position in a picture of another size. */
export function zoomBox({ x, y, width, height }: Box, factor: number): Box {
  return { x: x * factor, y: y * factor, width: width * factor, height: height * factor };
}

/** Maps a square crop of `size` pixels onto the square of `side` frame pixels around `at`, rotated by `angle` radians. */
export function turnedSquare(at: Point, side: number, angle: number, size: number): Similarity {
  const scale = side / size;
  const cos = Math.cos(angle) * scale;
  const sin = Math.sin(angle) * scale;
  const half = size / 2;
  return { cos, sin, dx: at.x - half * cos + half * sin, dy: at.y - half * sin - half * cos };
}

function meanOf(points: readonly Point[]): Point {
  const total = points.reduce((sum, { x, y }) => ({ x: sum.x + x, y: sum.y + y }), { x: 0, y: 0 });
  return { x: total.x / points.length, y: total.y / points.length };
}

/** The similarity that maps `from` closest to `to` by least squares (Umeyama 1991, without reflection). */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const fromMean = meanOf(from);
  const toMean = meanOf(to);
  let spread = 0;
  let along = 0;
  let across = 0;
  from.forEach((point, i) => {
    const target = to[i];
    if (!target) throw new Error('Point sets differ in length');
    const x = point.x - fromMean.x;
    const y = point.y - fromMean.y;
    const u = target.x - toMean.x;
    const v = target.y - toMean.y;
    spread += x * x + y * y;
    along += x * u + y * v;
    across += x * v - y * u;
  });
  const cos = along / spread;
  const sin = across / spread;
  return { cos, sin, dx: toMean.x - cos * fromMean.x + sin * fromMean.y, dy: toMean.y - sin * fromMean.x - cos * fromMean.y };
}

/**
 * Share of the smaller box inside the other, 0..1: a box within a box counts as the same object, which intersection over union
 * would miss.
 */
export function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x));
  const height = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
  return (width * height) / Math.min(areaOf(a), areaOf(b));
}

/** Non-maximum suppression: the best of each group of boxes that overlap by more than `limit`, best first. */
export function bestOfHeaps<Found extends { score: number; box: Box }>(found: readonly Found[], limit: number): Found[] {
  const kept: Found[] = [];
  for (const candidate of found.toSorted((a, b) => b.score - a.score)) {
    if (kept.every(({ box }) => overlap(box, candidate.box) <= limit)) kept.push(candidate);
  }
  return kept;
}
