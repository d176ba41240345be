import './onnx-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type NetName, readNet } from './nets.ts';

/** A net with one image input: a batch of square RGB pictures, channels last. */
export type ImageModel<Output extends string> = (
  pixels: Float32Array,
  shape: [number, number, number, 3],
) => Promise<Record<Output, Float32Array>>;

/**
 * One thread per session: workers run in parallel, and a second thread was measured to triple the CPU time. The arena keeps the
 * memory of one run for the next; without it, the system would clear every page again, which takes a fifth of the time of the
 * larger nets.
 */
export function openSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
}

export async function openNet<Output extends string>(name: NetName, outputs: readonly Output[]): Promise<ImageModel<Output>> {
  const session = await openSession(readNet(name));
  const input = session.inputNames[0];
  if (input === undefined) throw new Error('The model takes no input');
  return async (pixels, shape) => {
    const results = await session.run({ [input]: new Tensor('float32', pixels, shape) });
    return Object.fromEntries(outputs.map((output) => [output, results[output]?.data])) as Record<Output, Float32Array>;
  };
}

function once<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => (opened ??= open());
}

/** The nets, each loaded on first use: observing frames needs no embedder. */
export const models = {
  /** BlazeFace, back camera: 256 × 256, −1..1. */
  faces: once(() => openNet('faces', ['fineScores', 'coarseScores', 'fineBoxes', 'coarseBoxes'])),
  /** MediaPipe FaceMesh: 192 × 192, 0..1, to 468 points in crop pixels and the probability of a face. */
  mesh: once(() => openNet('mesh', ['points', 'presence'])),
  /** MediaPipe Iris: an eye of 64 × 64, 0..1, to 71 points of the eye and 5 of the iris. */
  iris: once(() => openNet('iris', ['points'])),
  /** CenterNet on MobileNetV3, only people and phones of its 80 COCO classes: 0..255, to maps with a quarter of the sides. */
  objects: once(() => openNet('objects', ['heat', 'extents'])),
  /** The same for smaller pictures. */
  people: once(() => openNet('people', ['heat', 'extents'])),
  /** HSE FaceRes: 224 × 224 to 1,024 values. */
  faceres: once(() => openNet('faceres', ['descriptor'])),
  /** 68 landmarks of a face crop. */
  landmarks: once(() => openNet('landmarks', ['landmarks'])),
  /** dlib's face descriptor of an aligned chip. */
  dlib: once(() => openNet('dlib', ['descriptor'])),
  /** Silero VAD 6 at 16 kHz. */
  speech: once(() => openSession(readNet('speech'))),
};
