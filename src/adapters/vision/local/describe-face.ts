import type { Frame, MainFace } from '../vision.ts';
import { coverOf } from './face-cover.ts';
import type { DetectedFace } from './face-detector.ts';
import { alignFace, CHIP_SIZE, embedFace } from './face-embedder.ts';
import { type FaceMesh, headPose } from './face-mesh.ts';
import { scaleBox } from './geometry.ts';
import { faceQuality } from './image-quality.ts';

/** The detector's box ends at brows and chin; landmarks and FaceRes need more. */
export const FACE_MARGIN = 1.25;

/** The descriptors of a face for comparison, and the quality of its picture. */
export async function describeFace(frame: Frame, { box, score, mesh }: DetectedFace & { mesh: FaceMesh }): Promise<MainFace> {
  const head = scaleBox(box, FACE_MARGIN);
  const aligned = await alignFace(frame, head, mesh.angle);
  return {
    box,
    score,
    embedding: await embedFace(frame, head, aligned),
    pose: headPose(mesh),
    mayBeCovered: coverOf(frame, mesh) !== 'none',
    ...faceQuality(aligned.chip, CHIP_SIZE),
  };
}
