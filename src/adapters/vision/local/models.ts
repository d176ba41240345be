import './onnx-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { descriptorNet, landmarkNet } from './convert/faceapi-to-onnx.ts';
import { speechNet } from './convert/speech-net.ts';
import { type ConversionOptions, tfjsToOnnx } from './convert/tfjs-to-onnx.ts';
import { readWeights } from './weights.ts';

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

export async function openImageModel<Output extends string>(model: Uint8Array, outputs: readonly Output[]): Promise<ImageModel<Output>> {
  const session = await openSession(model);
  const input = session.inputNames[0];
  if (input === undefined) throw new Error('The model takes no input');
  return async (pixels, shape) => {
    const results = await session.run({ [input]: new Tensor('float32', pixels, shape) });
    return Object.fromEntries(outputs.map((name) => [name, results[name]?.data])) as Record<Output, Float32Array>;
  };
}

type HumanModel = 'blazeface' | 'facemesh' | 'iris' | 'centernet' | 'faceres';

function openHumanModel<Output extends string>(
  name: HumanModel,
  inputShape: ConversionOptions['inputShape'],
  outputs: Record<Output, string>,
  options: Pick<ConversionOptions, 'onlyChannels' | 'zoom'> = {},
): Promise<ImageModel<Output>> {
  const model = tfjsToOnnx(readWeights(`human/${name}.json`), readWeights(`human/${name}.bin`), { inputShape, outputs, ...options });
  return openImageModel(model, Object.keys(outputs) as Output[]);
}

type FaceapiModel = 'face_recognition_model' | 'face_landmark_68_model';

function openFaceapiModel<Output extends string>(
  name: FaceapiModel,
  convert: (manifest: Buffer, weights: Buffer) => Uint8Array,
  output: Output,
): Promise<ImageModel<Output>> {
  const model = convert(readWeights(`faceapi/${name}-weights_manifest.json`), readWeights(`faceapi/${name}.bin`));
  return openImageModel(model, [output]);
}

function once<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => (opened ??= open());
}

/** "Cell phone" in COCO's 80 classes, counted from 0. */
const PHONE = 67;

/**
 * Side of the picture for the phone detector. The net was saved for 512, at which a phone in the hand is larger than in its
 * training data: at 320 it finds 10 of 13 instead of 7 and takes two fifths of the time; from 416 on it gets worse again.
 */
export const OBJECTS_SIZE = 320;
const OBJECTS_SAVED_SIZE = 512;

/** The nets, each loaded (weights checked and converted) on first use: observing frames needs no embedder. */
export const models = {
  /** BlazeFace, back camera: 256 × 256, −1..1. */
  faces: once(() =>
    openHumanModel('blazeface', [1, 256, 256, 3], {
      fineScores: 'Identity',
      coarseScores: 'Identity_1',
      fineBoxes: 'Identity_2',
      coarseBoxes: 'Identity_3',
    }),
  ),
  /** MediaPipe FaceMesh: 192 × 192, 0..1, to 468 points in crop pixels and the probability of a face. */
  mesh: once(() => openHumanModel('facemesh', [1, 192, 192, 3], { points: 'Identity_2', presence: 'Identity_1' })),
  /** MediaPipe Iris: an eye of 64 × 64, 0..1, to 71 points of the eye and 5 of the iris. */
  iris: once(() => openHumanModel('iris', [1, 64, 64, 3], { points: 'Identity' })),
  /** CenterNet on MobileNetV3, only the phone class of its 80 COCO classes: 0..255, to maps with a quarter of the sides. */
  objects: once(() =>
    openHumanModel(
      'centernet',
      [1, OBJECTS_SIZE, OBJECTS_SIZE, 3],
      { phones: 'tower_0/keypoints', extents: 'tower_0/wh' },
      { onlyChannels: { 'tower_0/CenternetHead/centernet_cls_output/BiasAdd': [PHONE] }, zoom: OBJECTS_SIZE / OBJECTS_SAVED_SIZE },
    ),
  ),
  /** HSE FaceRes: 224 × 224 to 1,024 values. */
  faceres: once(() => openHumanModel('faceres', [1, 224, 224, 3], { descriptor: 'global_pooling/Mean' })),
  /** 68 landmarks of a face crop. */
  landmarks: once(() => openFaceapiModel('face_landmark_68_model', landmarkNet, 'landmarks')),
  /** dlib's face descriptor of an aligned chip. */
  dlib: once(() => openFaceapiModel('face_recognition_model', descriptorNet, 'descriptor')),
  /** Silero VAD 6 at 16 kHz. */
  speech: once(() => openSession(speechNet(readWeights('silero/silero_vad_v6.onnx')))),
};
