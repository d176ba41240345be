import type { Frame, HeadPose } from '../vision.ts';
import type { DetectedFace } from './face-detector.ts';
import { centre, type Point, transform, turnedSquare } from './geometry.ts';
import { models } from './models.ts';
import { cutCrop } from './sampling.ts';

/** A point of the frame with its depth in the same unit; smaller is nearer. */
export interface MeshPoint extends Point {
  z: number;
}

export interface FaceMesh {
  /** The probability that there is a face at all; the box detector alone also reacts to hands and patterns. */
  presence: number;
  /** Indices of MediaPipe's canonical face model. */
  point: (index: number) => MeshPoint;
  /** Angle of the line through the eyes, in radians. */
  angle: number;
}

const SIZE = 192;
/** The mesh needs the whole head, but the detector's box ends at the brows. */
const MARGIN = 1.5;

const FOREHEAD = 10;
const CHIN = 152;
/** The edges of the face next to the ears, at the left and right of the picture. */
const LEFT_EDGE = 234;
const RIGHT_EDGE = 454;

/** Fits the 468 points of FaceMesh (Kartynnik et al. 2019, arXiv:1907.06724) to a detected face. */
export async function fitMesh(frame: Frame, face: DetectedFace): Promise<FaceMesh> {
  const [left, right] = face.eyes;
  const angle = Math.atan2(right.y - left.y, right.x - left.x);
  const side = Math.max(face.box.width, face.box.height) * MARGIN;
  const cropToFrame = turnedSquare(centre(face.box), side, angle, SIZE);
  const crop = cutCrop(frame, cropToFrame, SIZE, { scale: 1 / 255 });
  const run = await models.mesh();
  const { points, presence } = await run(crop, [1, SIZE, SIZE, 3]);
  const point = (index: number): MeshPoint => {
    const [x = 0, y = 0, z = 0] = points.subarray(3 * index, 3 * index + 3);
    return { ...transform(cropToFrame, { x, y }), z: (z * side) / SIZE };
  };
  return { presence: presence[0] ?? 0, point, angle };
}

type Vector = [number, number, number];

const unit = ([x, y, z]: Vector): Vector => {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
};
const between = (from: MeshPoint, to: MeshPoint): Vector => [to.x - from.x, to.y - from.y, to.z - from.z];
const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

const degrees = (radians: number) => (radians * 180) / Math.PI;

/** Computed from the head's axes (rightwards, downwards, into the picture), given by four points of the mesh's rim. */
export function headPose({ point, angle }: FaceMesh): HeadPose {
  const down = unit(between(point(FOREHEAD), point(CHIN)));
  const inwards = unit(cross(unit(between(point(LEFT_EDGE), point(RIGHT_EDGE))), down));
  const rightwards = cross(down, inwards);
  return {
    yaw: degrees(Math.atan2(-inwards[0], rightwards[0])),
    pitch: degrees(Math.atan2(down[2], down[1])),
    roll: degrees(angle),
  };
}
