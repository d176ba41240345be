import type { Frame } from '../vision.ts';
import type { FaceMesh, MeshPoint } from './face-mesh.ts';
import { distance, middle, transform, turnedSquare } from './geometry.ts';
import { models } from './models.ts';
import { cutCrop } from './sampling.ts';

const SIZE = 64;
/** How much wider than the eye the crop is. */
const MARGIN = 2.3;
/** Index of the iris's centre in the output, after the 71 points of the eye. */
const IRIS = 71 * 3;

/** Corners of both eyes, each from left to right in the picture. */
const LEFT_EYE = [33, 133] as const;
const RIGHT_EYE = [362, 263] as const;

/** Position of the iris on the line between the corners of an eye: 0 at the left, 1 at the right. */
async function irisPosition(frame: Frame, from: MeshPoint, to: MeshPoint, options: { angle: number; flip: boolean }): Promise<number> {
  const cropToFrame = turnedSquare(middle(from, to), distance(from, to) * MARGIN, options.angle, SIZE);
  const crop = cutCrop(frame, cropToFrame, SIZE, { flip: options.flip, scale: 1 / 255 });
  const run = await models.iris();
  const { points } = await run(crop, [1, SIZE, SIZE, 3]);
  const [x = 0, y = 0] = points.subarray(IRIS, IRIS + 2);
  const iris = transform(cropToFrame, { x: options.flip ? SIZE - 1 - x : x, y });
  const width = to.x - from.x;
  const rise = to.y - from.y;
  return ((iris.x - from.x) * width + (iris.y - from.y) * rise) / (width * width + rise * rise);
}

/**
 * Mean iris position of both eyes. It means little by itself (eyes, glasses and cameras differ): compare it with the session's
 * median. The net knows only one eye, so the other one is mirrored (Ablavatski et al. 2020, arXiv:2006.11341).
 */
export async function gazeOf(frame: Frame, { point, angle }: FaceMesh): Promise<number> {
  const left = await irisPosition(frame, point(LEFT_EYE[0]), point(LEFT_EYE[1]), { angle, flip: false });
  const right = await irisPosition(frame, point(RIGHT_EYE[0]), point(RIGHT_EYE[1]), { angle, flip: true });
  return (left + right) / 2;
}
