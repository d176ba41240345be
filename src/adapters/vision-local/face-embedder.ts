import type { Box, FaceEmbedding, Frame } from '../vision.ts';
import { alignedChip } from './alignment.ts';
import { centre, type Point, transform, turnedSquare } from './geometry.ts';
import { models } from './models.ts';
import { type Crop, cutCrop, withMirrored } from './sampling.ts';

export const CHIP_SIZE = 150;
const LANDMARK_SIZE = 112;
const FACERES_SIZE = 224;
/** Of the head's box. Genuine and strange pairs lie furthest apart (d′) at 1.2, and nearer both with less and with more around the head. */
const FACERES_MARGIN = 1.2;
/** FaceRes was trained on blue, green, red less these; its own library feeds it otherwise, and less well. */
const MEAN_BGR = [103.939, 116.779, 123.68] as const;

/**
 * The 68 landmarks (iBUG 300-W order) of the face in the square about `box`, in frame pixels.
 * @param angle Radians that the head is rolled by: the net knows upright faces only.
 */
export async function findLandmarks(frame: Frame, box: Box, angle: number): Promise<Point[]> {
  const run = await models.landmarks();
  const square = turnedSquare(centre(box), Math.max(box.width, box.height), angle, LANDMARK_SIZE);
  const { landmarks } = await run(cutCrop(frame, square, LANDMARK_SIZE), [1, LANDMARK_SIZE, LANDMARK_SIZE, 3]);
  const at = (index: number) => (landmarks[index] ?? 0) * LANDMARK_SIZE;
  return Array.from({ length: 68 }, (_, i) => transform(square, { x: at(2 * i), y: at(2 * i + 1) }));
}

/** The face upright, its eyes and mouth in dlib's places. */
export function cutChip(frame: Frame, landmarks: readonly Point[]): Crop {
  return cutCrop(frame, alignedChip(landmarks, CHIP_SIZE), CHIP_SIZE);
}

function toBlueGreenRed(crop: Crop): Crop {
  const [blueMean, greenMean, redMean] = MEAN_BGR;
  const result = new Float32Array(crop.length);
  for (let i = 0; i < crop.length; i += 3) {
    result[i] = (crop[i + 2] ?? 0) - blueMean;
    result[i + 1] = (crop[i + 1] ?? 0) - greenMean;
    result[i + 2] = (crop[i] ?? 0) - redMean;
  }
  return result;
}

/** Mean of a batch of two, brought to unit length. */
function unitMean(pair: Float32Array): Float32Array {
  const length = pair.length / 2;
  const sum = pair.slice(0, length).map((value, i) => value + (pair[length + i] ?? 0));
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

/** Describes a face and its mirror image and takes the mean of both: steadier than either. */
export async function embedFace(frame: Frame, head: Box, landmarks: readonly Point[]): Promise<FaceEmbedding> {
  const dlib = await models.dlib();
  const chips = withMirrored(cutChip(frame, landmarks), CHIP_SIZE);
  const { descriptor: aligned } = await dlib(chips, [2, CHIP_SIZE, CHIP_SIZE, 3]);

  const faceres = await models.faceres();
  const { cos, sin } = alignedChip(landmarks, CHIP_SIZE);
  const side = Math.max(head.width, head.height) * FACERES_MARGIN;
  const square = turnedSquare(centre(head), side, Math.atan2(sin, cos), FACERES_SIZE);
  const upright = toBlueGreenRed(cutCrop(frame, square, FACERES_SIZE));
  const { descriptor: turned } = await faceres(withMirrored(upright, FACERES_SIZE), [2, FACERES_SIZE, FACERES_SIZE, 3]);
  return { dlib: unitMean(aligned), faceres: unitMean(turned) };
}
