import { describe, expect, it } from 'vitest';
import { toFaces, toPhones } from '../../src/adapters/vision/google/answers.ts';

interface Published {
  angles: { rollAngle: number; panAngle: number; tiltAngle: number };
  /** Of landmarks: x and y in pixels, z the depth, which grows away from the camera. */
  left: [x: number, y: number, z: number];
  right: [x: number, y: number, z: number];
}

/** Angles that Google publishes in answers of its own, and where the ears or the corners of the jaw are in the same answer. */
const published: Published[] = [
  {
    angles: { rollAngle: -12.077273, panAngle: 27.194477, tiltAngle: -5.252778 },
    left: [835.18915, 395.7093, 81.31065],
    right: [1024.4136, 360.64178, 182.02446],
  },
  {
    angles: { rollAngle: 3.4324508, panAngle: -29.033209, tiltAngle: -0.6941908 },
    left: [1225.1389, 2426.7222, 326.74741],
    right: [1814.6699, 2459.0437, 0.11285134],
  },
];

describe("the interpretation of Google's answers", () => {
  it.each(published)(
    'turns a head with panAngle $angles.panAngle° towards the side whose ear is farther away',
    ({ angles, left, right }) => {
      const [face] = toFaces({ faceAnnotations: [angles] });
      expect(Math.sign(face?.pose.yaw ?? 0)).toBe(Math.sign(right[2] - left[2]));
      // Clockwise: the picture's right ear lies lower.
      expect(Math.sign(face?.pose.roll ?? 0)).toBe(Math.sign(right[1] - left[1]));
    },
  );

  it('gives the position of a face in pixels, even at the edge where Google leaves zeros out', () => {
    const fdBoundingPoly = { vertices: [{}, { x: 90 }, { x: 90, y: 120 }, { y: 120 }] };
    const boundingPoly = {
      vertices: [
        { x: -20, y: -30 },
        { x: 110, y: -30 },
        { x: 110, y: 150 },
        { x: -20, y: 150 },
      ],
    };
    const boxes = toFaces({
      faceAnnotations: [
        { boundingPoly, detectionConfidence: 0.4 },
        { boundingPoly, fdBoundingPoly, detectionConfidence: 0.9 },
      ],
    });
    expect(boxes).toMatchObject([
      { score: 0.9, box: { x: 0, y: 0, width: 90, height: 120 }, gaze: null },
      { score: 0.4, box: { x: -20, y: -30, width: 130, height: 180 }, gaze: null },
    ]);
  });

  it('keeps only phones, by their id, and converts their relative positions to pixels', () => {
    const boundingPoly = { normalizedVertices: [{ y: 0.5 }, { x: 0.25, y: 0.5 }, { x: 0.25, y: 0.75 }, { y: 0.75 }] };
    const localizedObjectAnnotations = [
      { mid: '/m/050k8', name: 'Mobile phone', score: 0.55, boundingPoly },
      { mid: '/m/0bt_c3', name: 'Book', score: 0.9, boundingPoly },
      { mid: '/m/050k8', name: 'Handy', score: 0.8, boundingPoly },
    ];
    const box = { x: 0, y: 240, width: 160, height: 120 };
    expect(toPhones({ localizedObjectAnnotations }, { width: 640, height: 480 })).toEqual([
      { score: 0.8, box },
      { score: 0.55, box },
    ]);
  });
});
