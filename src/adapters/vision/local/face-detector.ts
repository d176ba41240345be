import type { Box, Frame } from '../vision.ts';
import { bestOfHeaps, type Point, zoomBox } from './geometry.ts';
import { models } from './models.ts';
import { letterbox } from './sampling.ts';

export interface DetectedFace {
  box: Box;
  /** 0..1. */
  score: number;
  /** The left and the right one in the picture. */
  eyes: [Point, Point];
}

const SIZE = 256;
/** Values per anchor in the box output: centre, sides, six key points, of which the first two are the eyes. */
const VALUES_PER_ANCHOR = 16;
const MAX_OVERLAP = 0.45;

/** Centres of the anchors of one output: `count` per cell of `stride` pixels. */
function anchorGrid(stride: number, count: number): Point[] {
  const cells = SIZE / stride;
  return Array.from({ length: cells * cells * count }, (_, i) => {
    const cell = Math.trunc(i / count);
    return { x: ((cell % cells) + 0.5) * stride, y: (Math.trunc(cell / cells) + 0.5) * stride };
  });
}

const fineAnchors = anchorGrid(16, 2);
const coarseAnchors = anchorGrid(32, 6);

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

function decode(anchors: readonly Point[], scores: Float32Array, boxes: Float32Array, zoom: number, threshold: number): DetectedFace[] {
  return anchors.flatMap((anchor, i) => {
    const score = sigmoid(scores[i] ?? Number.NEGATIVE_INFINITY);
    if (score < threshold) return [];
    const [dx = 0, dy = 0, width = 0, height = 0, ...points] = boxes.subarray(i * VALUES_PER_ANCHOR, (i + 1) * VALUES_PER_ANCHOR);
    const keyPoint = (index: number) => ({
      x: ((points[2 * index] ?? 0) + anchor.x) / zoom,
      y: ((points[2 * index + 1] ?? 0) + anchor.y) / zoom,
    });
    const box = { x: anchor.x + dx - width / 2, y: anchor.y + dy - height / 2, width, height };
    return [{ score, box: zoomBox(box, 1 / zoom), eyes: [keyPoint(0), keyPoint(1)] }];
  });
}

/** BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047) on a letterboxed frame; best first. */
export async function detectFaces(frame: Frame, threshold: number): Promise<DetectedFace[]> {
  const run = await models.faces();
  const { pixels, zoom } = letterbox(frame, SIZE, { scale: 1 / 127.5, offset: -1, fill: -1 });
  const found = await run(pixels, [1, SIZE, SIZE, 3]);
  const fine = decode(fineAnchors, found.fineScores, found.fineBoxes, zoom, threshold);
  const coarse = decode(coarseAnchors, found.coarseScores, found.coarseBoxes, zoom, threshold);
  return bestOfHeaps([...fine, ...coarse], MAX_OVERLAP);
}
