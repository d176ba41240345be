import type { Box, FaceEmbedding, Frame } from '../vision.ts';
import { alignedChip } from './alignment.ts';
import { centre, type Point, transform, turnedSquare } from './geometry.ts';
import { models } from './models.ts';
import { type Crop, cutCrop, withMirrored } from './sampling.ts';

export const CHIP_SIZE = 150;
const LANDMARK_SIZE = 112;
const FACERES_SIZE = 224;
/** Factor on the head's box. True pairs and strangers are furthest apart (d′) at 1.2, and closer with both less and more margin. */
const FACERES_MARGIN = 1.2;
/** FaceRes was trained on blue, green, red minus these means; its own library feeds it differently, with worse results. */
const MEAN_BGR = [103.939, 116.779, 123.68] as const;

/**
 * The 68 landmarks (iBUG 300-W order) of the face in the square around `box`, in frame pixels.
 * @param angle roll of the head in radians, because the net only knows upright faces.
 */
async function findLandmarks(frame: Frame, box: Box, angle: number): Promise<Point[]> {
  const run = await models.landmarks();
  const square = turnedSquare(centre(box), Math.max(box.width, box.height), angle, LANDMARK_SIZE);
  const { landmarks } = await run(cutCrop(frame, square, LANDMARK_SIZE), [1, LANDMARK_SIZE, LANDMARK_SIZE, 3]);
  const at = (index: number) => (landmarks[index] ?? 0) * LANDMARK_SIZE;
  return Array.from({ length: 68 }, (_, i) => transform(square, { x: at(2 * i), y: at(2 * i + 1) }));
}

/** An upright face with eyes and mouth in dlib's positions. */
export interface AlignedFace {
  /** `CHIP_SIZE` pixels wide and high. */
  chip: Crop;
  /** Rotation that was applied, in radians. */
  angle: number;
}

/** @param angle estimated roll of the head in radians. */
export async function alignFace(frame: Frame, head: Box, angle: number): Promise<AlignedFace> {
  const place = alignedChip(await findLandmarks(frame, head, angle), CHIP_SIZE);
  return { chip: cutCrop(frame, place, CHIP_SIZE), angle: Math.atan2(place.sin, place.cos) };
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

function toUnitLength(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Mean of a batch of two, normalised to unit length. */
function unitMean(pair: Float32Array): Float32Array {
  const length = pair.length / 2;
  return toUnitLength(pair.slice(0, length).map((value, i) => value + (pair[length + i] ?? 0)));
}

/**
 * Describes a face with two nets. dlib's also gets the mirror image, and the mean of both is used. For FaceRes, which takes most
 * of the time, a mirror image adds nothing (d′ of true pairs and strangers is 5.135 without and 5.143 with it).
 */
export async function embedFace(frame: Frame, head: Box, { chip, angle }: AlignedFace): Promise<FaceEmbedding> {
  const dlib = await models.dlib();
  const chips = withMirrored(chip, CHIP_SIZE);
  const { descriptor: aligned } = await dlib(chips, [2, CHIP_SIZE, CHIP_SIZE, 3]);

  const faceres = await models.faceres();
  const side = Math.max(head.width, head.height) * FACERES_MARGIN;
  const square = turnedSquare(centre(head), side, angle, FACERES_SIZE);
  const upright = toBlueGreenRed(cutCrop(frame, square, FACERES_SIZE));
  const { descriptor: turned } = await faceres(upright, [1, FACERES_SIZE, FACERES_SIZE, 3]);
  return { dlib: unitMean(aligned), faceres: toUnitLength(turned) };
}
