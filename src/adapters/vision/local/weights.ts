import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

const folders = {
  human: () => join(dirname(require.resolve('@vladmandic/human')), '..', 'models'),
  faceapi: () => join(dirname(require.resolve('@vladmandic/face-api')), '..', 'model'),
  silero: () => dirname(require.resolve('@ricky0123/vad-web')),
};

/**
 * Every file that a model is built from, with its SHA-256 at the time of the accuracy measurements. The thresholds of the
 * detectors are only valid for these weights, so an updated package is refused until it has been measured again.
 */
const checksums = {
  'human/blazeface.json': 'cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f',
  'human/blazeface.bin': 'dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72',
  'human/facemesh.json': 'b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7',
  'human/facemesh.bin': '3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b',
  'human/iris.json': '49038ac9dcc09aa05474d91d98e9db5b47af4830929bcf102ed5a56bfbabb465',
  'human/iris.bin': 'd7f296d184274213d4642681ae186112cbbec77fd2ab066257d3c56a1940bc71',
  'human/centernet.json': 'bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05',
  'human/centernet.bin': '1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef',
  'human/antispoof.json': '7fd698ae1cebabbcad79d3b8b448587b0365eb7911987418231bdcf36583112a',
  'human/antispoof.bin': '4490fecb2becdb6869edc7e60f5e59962be013a8def8719b1373afb0f905c094',
  'human/liveness.json': '9e51c8acf83b80abbf329b2735309ab5c90611c66905ade8b1bd130d473df9c8',
  'human/liveness.bin': 'fc6a6b6b3b9721bdb8bff67a457a15b7cbfd81715cfb27f3e65b757e81dd663e',
  'human/faceres.json': '5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df',
  'human/faceres.bin': '2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b',
  'faceapi/face_recognition_model-weights_manifest.json': 'cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b',
  'faceapi/face_recognition_model.bin': 'b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589',
  'faceapi/face_landmark_68_model-weights_manifest.json': 'ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9',
  'faceapi/face_landmark_68_model.bin': '4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b',
  'silero/silero_vad_v6.onnx': '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
} as const;

export type WeightFile = keyof typeof checksums;

/** The path of a weight file as installed by npm. */
export function weightPath(file: WeightFile): string {
  const [family, name] = file.split('/') as [keyof typeof folders, string];
  try {
    return join(folders[family](), name);
  } catch (cause) {
    // They are development packages, because a server only needs what was made of them.
    throw new Error(
      `A model in dist/nets is missing or damaged, and the package with ${file} is not installed: run \`npm ci\`, or unpack the package again`,
      { cause },
    );
  }
}

/**
 * Reads a weight file and checks it against its known SHA-256.
 * @throws Error that names the file if it is missing or not the one that was measured.
 */
export function readWeights(file: WeightFile, path = weightPath(file)): Buffer {
  const bytes = readFileSync(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== checksums[file]) {
    throw new Error(`Model weights ${file} are not the expected ones (SHA-256 ${found}). Reinstall them with \`npm ci\`.`);
  }
  return bytes;
}
