import type { FaceImage, Frame } from '../vision.ts';
import { decodeImage } from './decode-image.ts';
import { type DetectedFace, detectFaces } from './face-detector.ts';
import { CHIP_SIZE, cutChip, embedFace, findLandmarks } from './face-embedder.ts';
import { headPose } from './face-mesh.ts';
import { centre, distance, scaleBox, zoomBox } from './geometry.ts';
import { faceQuality } from './image-quality.ts';
import { type ConfirmedFace, confirmFaces, findFaces } from './observe.ts';
import { padFrame } from './sampling.ts';

/** Border of the second look: a face that fills the picture is larger than any that the detector was trained on. */
const BORDER = 0.4;
const BORDERED_MIN_SCORES = [0.4, 0.15];
/** The detector's box ends at brows and chin; landmarks and FaceRes want some more. */
const FACE_MARGIN = 1.25;

function shift(face: DetectedFace, dx: number, dy: number): DetectedFace {
  const [left, right] = face.eyes;
  const move = <Placed extends { x: number; y: number }>(placed: Placed): Placed => ({ ...placed, x: placed.x + dx, y: placed.y + dy });
  return { score: face.score, box: move(face.box), eyes: [move(left), move(right)] };
}

/** Where nothing is found, looks again with a border around the picture, then with a lower threshold. */
async function findFacesOfStill(frame: Frame): Promise<ConfirmedFace[]> {
  const atOnce = await findFaces(frame);
  if (atOnce.length > 0) return atOnce;
  const padded = padFrame(frame, BORDER);
  const candidates = (await detectFaces(padded.frame, Math.min(...BORDERED_MIN_SCORES))).map((face) =>
    shift(face, -padded.left, -padded.top),
  );
  for (const minScore of BORDERED_MIN_SCORES) {
    const found = await confirmFaces(
      frame,
      candidates.filter(({ score }) => score >= minScore),
    );
    if (found.length > 0) return found;
  }
  return [];
}

/** Large, central and certain: who a picture is of, where there are others behind. */
function prominence(frame: Frame, { box, score }: DetectedFace): number {
  const offCentre = distance(centre(box), { x: frame.width / 2, y: frame.height / 2 }) / Math.hypot(frame.width, frame.height);
  return box.width * box.height * (1 - offCentre) * (0.5 + score / 2);
}

/** @throws ImageError */
export async function readFaceImage(image: Uint8Array): Promise<FaceImage> {
  const { frame, width, height } = await decodeImage(image);
  const found = await findFacesOfStill(frame);
  const zoom = width / frame.width;
  const faces = found.map(({ box, score }) => ({ box: zoomBox(box, zoom), score }));
  const [main] = found.toSorted((a, b) => prominence(frame, b) - prominence(frame, a));
  if (!main) return { width, height, faces, main: null };
  const head = scaleBox(main.box, FACE_MARGIN);
  const landmarks = await findLandmarks(frame, head);
  return {
    width,
    height,
    faces,
    main: {
      box: zoomBox(main.box, zoom),
      score: main.score,
      embedding: await embedFace(frame, head, landmarks),
      pose: headPose(main.mesh),
      ...faceQuality(cutChip(frame, landmarks), CHIP_SIZE),
    },
  };
}
