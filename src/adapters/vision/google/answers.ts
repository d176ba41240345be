import type { Box, FoundPhone, HeadPose, ObservedFace } from '../vision.ts';
import type { Annotation } from './service.ts';

type FaceAnnotation = NonNullable<Annotation['faceAnnotations']>[number];
type Poly = FaceAnnotation['boundingPoly'];
type Point = { x: number; y: number };

/** "Mobile phone" in Google's Knowledge Graph: names are translated, ids are stable. */
const PHONE = '/m/050k8';
/** The minimum of `FoundPhone.score`. */
const PHONE_MIN_SCORE = 0.1;

/**
 * All faces that Google reports, even with low confidence, because reporting nobody is the worse mistake. Its guesses at emotions
 * come with every face; they are neither read nor kept.
 */
export function toFaces({ faceAnnotations }: Annotation): ObservedFace[] {
  const found = (faceAnnotations ?? []).map((face) => ({ face, score: face.detectionConfidence ?? 0 }));
  return found
    .toSorted((a, b) => b.score - a.score)
    .map(({ face, score }) => ({
      // The tighter box ends at brows and chin, like that of the local detector.
      box: toBox(face.fdBoundingPoly?.vertices?.length ? face.fdBoundingPoly : face.boundingPoly, { width: 1, height: 1 }),
      score,
      pose: toPose(face),
      gaze: found.length === 1 ? toGaze(face) : null,
    }));
}

/** @param size of the picture in pixels: vertices of objects are relative to it. */
export function toPhones({ localizedObjectAnnotations }: Annotation, size: { width: number; height: number }): FoundPhone[] {
  return (localizedObjectAnnotations ?? [])
    .filter(({ mid, score }) => mid === PHONE && (score ?? 0) >= PHONE_MIN_SCORE)
    .map(({ score, boundingPoly }) => ({ score: score ?? 0, box: toBox({ vertices: boundingPoly?.normalizedVertices ?? null }, size) }))
    .toSorted((a, b) => b.score - a.score);
}

/** A coordinate of 0 may be omitted in the answer. */
function toBox(poly: Poly, scale: { width: number; height: number }): Box {
  const vertices = poly?.vertices ?? [];
  if (vertices.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const xs = vertices.map(({ x }) => (x ?? 0) * scale.width);
  const ys = vertices.map(({ y }) => (y ?? 0) * scale.height);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/**
 * Google's documentation does not define the directions. According to the depths of the landmarks in its published answers, pan
 * is positive towards the picture's right (at 27° the right ear is deeper than the left one by half a face, at −29° the left
 * jaw is), tilt upwards (at −7° the chin is deeper than the brow), roll clockwise.
 */
function toPose({ panAngle, tiltAngle, rollAngle }: FaceAnnotation): HeadPose {
  return { yaw: panAngle ?? 0, pitch: -(tiltAngle ?? 0), roll: rollAngle ?? 0 };
}

/** Left and right are the picture's, both in Google's landmarks and here. Null if a landmark is missing. */
function toGaze({ landmarks }: FaceAnnotation): number | null {
  const points = new Map(landmarks?.map(({ type, position }) => [String(type), { x: position?.x ?? 0, y: position?.y ?? 0 }]));
  const left = pupilPosition(points, 'LEFT_EYE');
  const right = pupilPosition(points, 'RIGHT_EYE');
  return left === null || right === null ? null : (left + right) / 2;
}

/** Position of the pupil on the line between the corners of an eye: 0 at the left, 1 at the right. */
function pupilPosition(points: ReadonlyMap<string, Point>, eye: 'LEFT_EYE' | 'RIGHT_EYE'): number | null {
  const from = points.get(`${eye}_LEFT_CORNER`);
  const to = points.get(`${eye}_RIGHT_CORNER`);
  const pupil = points.get(`${eye}_PUPIL`);
  if (!from || !to || !pupil) return null;
  const width = to.x - from.x;
  const rise = to.y - from.y;
  const length = width * width + rise * rise;
  return length === 0 ? null : ((pupil.x - from.x) * width + (pupil.y - from.y) * rise) / length;
}
