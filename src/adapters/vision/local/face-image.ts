import { decodeImage } from '../decode-image.ts';
import type { Box, FaceImage, Frame } from '../vision.ts';
import { describeFace, FACE_MARGIN } from './describe-face.ts';
import { type DetectedFace, detectFaces } from './face-detector.ts';
import { areaOf, centre, distance, scaleBox, zoomBox } from './geometry.ts';
import { type ConfirmedFace, confirmFaces, findFaces } from './observe.ts';
import { padFrame } from './sampling.ts';

/** Border for the second attempt: a face that fills the picture is larger than any in the detector's training data. */
const BORDER = 0.4;
const BORDERED_MIN_SCORE = 0.4;
/** Last resort, for large faces only: in a bowl of noodles there are small "faces" that even the mesh accepts. */
const FAINT_MIN_SCORE = 0.15;
const FAINT_MIN_WIDTH = 0.15;

function shift(face: DetectedFace, dx: number, dy: number): DetectedFace {
  const [left, right] = face.eyes;
  const move = <Placed extends { x: number; y: number }>(placed: Placed): Placed => ({ ...placed, x: placed.x + dx, y: placed.y + dy });
  return { score: face.score, box: move(face.box), eyes: [move(left), move(right)] };
}

/** If nothing is found, tries again with a border around the picture, then with a lower threshold for large faces. */
async function findFacesOfStill(frame: Frame): Promise<ConfirmedFace[]> {
  const atOnce = await findFaces(frame);
  if (atOnce.length > 0) return atOnce;
  const padded = padFrame(frame, BORDER);
  const candidates = (await detectFaces(padded.frame, FAINT_MIN_SCORE)).map((face) => shift(face, -padded.left, -padded.top));
  const clear = await confirmFaces(
    frame,
    candidates.filter(({ score }) => score >= BORDERED_MIN_SCORE),
  );
  if (clear.length > 0) return clear;
  return confirmFaces(
    frame,
    candidates.filter(({ box }) => box.width >= FAINT_MIN_WIDTH * frame.width),
  );
}

/** Share of a box that lies inside the frame, 0..1. */
function visibleShare(frame: Frame, { x, y, width, height }: Box): number {
  const visible = (from: number, length: number, limit: number) => Math.max(0, Math.min(from + length, limit) - Math.max(from, 0)) / length;
  return visible(x, width, frame.width) * visible(y, height, frame.height);
}

/**
 * Weight of a face: large, fully visible, central and certain. Finds the person that a picture shows if others are at its edge
 * or in the background.
 */
function weigh(frame: Frame, { box, score }: DetectedFace): number {
  const offCentre = distance(centre(box), { x: frame.width / 2, y: frame.height / 2 }) / Math.hypot(frame.width, frame.height);
  const visible = visibleShare(frame, scaleBox(box, FACE_MARGIN));
  return areaOf(box) * visible * (1 - offCentre) * (0.5 + score / 2);
}

function byProminence(frame: Frame, found: readonly ConfirmedFace[]): (ConfirmedFace & { prominence: number })[] {
  const weights = new Map(found.map((face) => [face, weigh(frame, face)]));
  const weightOf = (face: ConfirmedFace) => weights.get(face) ?? 0;
  const most = Math.max(...weights.values());
  const sorted = found.toSorted((a, b) => weightOf(b) - weightOf(a));
  return sorted.map((face) => Object.assign(face, { prominence: weightOf(face) / most }));
}

/** @throws ImageError */
export async function readFaceImage(image: Uint8Array): Promise<FaceImage> {
  const { frame, width, height } = await decodeImage(image);
  const found = byProminence(frame, await findFacesOfStill(frame));
  const inPicture = <Placed extends { box: Box }>(face: Placed): Placed => ({ ...face, box: zoomBox(face.box, width / frame.width) });
  return {
    width,
    height,
    faces: found.map(({ box, score, prominence }) => inPicture({ box, score, prominence })),
    main: found[0] ? inPicture(await describeFace(frame, found[0])) : null,
  };
}
