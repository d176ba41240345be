import { decodeImage } from '../decode-image.ts';
import type { Box } from '../vision.ts';
import { tfjsToOnnx } from './convert/tfjs-to-onnx.ts';
import { centre, turnedSquare, zoomBox } from './geometry.ts';
import { openImageModel } from './models.ts';
import { cutCrop } from './sampling.ts';
import { readWeights } from './weights.ts';

/** Scores of two nets for a face, 0 (a picture of a picture, or not alive) to 1 (a face in front of the camera). */
export interface SpoofScores {
  antispoof: number;
  liveness: number;
}

/** The crop that @vladmandic/human uses for them. */
const MARGIN = 1.25;
const ANTISPOOF_SIZE = 128;
const LIVENESS_SIZE = 32;

/**
 * Opens the nets for spoofs and liveness inside @vladmandic/human. Only the evaluation uses them: it measured that they are no
 * better than chance where it matters (docs/quality.md), so no answer of the server depends on them.
 */
export async function openSpoofNets(): Promise<(image: Uint8Array, face: Box) => Promise<SpoofScores>> {
  const open = (name: 'antispoof' | 'liveness', size: number, output: string) => {
    const options = { inputShape: [1, size, size, 3], outputs: { answer: output } };
    return openImageModel(tfjsToOnnx(readWeights(`human/${name}.json`), readWeights(`human/${name}.bin`), options), ['answer']);
  };
  const antispoof = await open('antispoof', ANTISPOOF_SIZE, 'StatefulPartitionedCall/sequential/activation_4/Sigmoid');
  const liveness = await open('liveness', LIVENESS_SIZE, 'StatefulPartitionedCall/sequential_1/dense_2/BiasAdd');
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
