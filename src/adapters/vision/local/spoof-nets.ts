import { decodeImage } from '../decode-image.ts';
import type { Box } from '../vision.ts';
import { centre, turnedSquare, zoomBox } from './geometry.ts';
import { openNet } from './models.ts';
import { ANTISPOOF_SIZE, LIVENESS_SIZE } from './nets.ts';
import { cutCrop } from './sampling.ts';

/** Scores of two nets for a face, 0 (a picture of a picture, or not alive) to 1 (a face in front of the camera). */
export interface SpoofScores {
  antispoof: number;
  liveness: number;
}

/** The crop that @vladmandic/human uses for them. */
const MARGIN = 1.25;

/**
 * Opens the nets for spoofs and liveness inside @vladmandic/human. Only the evaluation uses them: it measured that they are no
 * better than chance where it matters (docs/quality.md), so no answer of the server depends on them.
 */
export async function openSpoofNets(): Promise<(image: Uint8Array, face: Box) => Promise<SpoofScores>> {
  const antispoof = await openNet('antispoof', ['answer']);
  const liveness = await openNet('liveness', ['answer']);
  return async (image, face) => {
    const { frame, width } = await decodeImage(image);
    const box = zoomBox(face, frame.width / width);
    const cut = (size: number) =>
      cutCrop(frame, turnedSquare(centre(box), Math.max(box.width, box.height) * MARGIN, 0, size), size, { scale: 1 / 255 });
    const real = await antispoof(cut(ANTISPOOF_SIZE), [1, ANTISPOOF_SIZE, ANTISPOOF_SIZE, 3]);
    const { answer } = await liveness(cut(LIVENESS_SIZE), [1, LIVENESS_SIZE, LIVENESS_SIZE, 3]);
    // Softmax of two classes, alive first.
    return { antispoof: real.answer[0] ?? 0, liveness: 1 / (1 + Math.exp((answer[1] ?? 0) - (answer[0] ?? 0))) };
  };
}
