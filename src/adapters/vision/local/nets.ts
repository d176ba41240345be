import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../../paths.ts';
import { descriptorNet, landmarkNet } from './convert/faceapi-to-onnx.ts';
import { speechNet } from './convert/speech-net.ts';
import { type ConversionOptions, tfjsToOnnx } from './convert/tfjs-to-onnx.ts';
import { readWeights } from './weights.ts';

/** The classes that are read, as COCO's 80 are counted from 0. */
const COCO = { person: 0, phone: 67 };
export type ObjectClass = keyof typeof COCO;
/** In the order of the channels of the net's heat map. */
export const objectClasses = Object.keys(COCO) as ObjectClass[];

/**
 * Side of the picture for the phone detector. The net was saved for 512, at which a phone in the hand is larger than in its
 * training data: at 320 it finds 10 of 13 instead of 7 and takes two fifths of the time; from 416 on it gets worse again.
 */
export const OBJECTS_SIZE = 320;
/** Side of the picture for the same net where somebody without a visible face is looked for, who is larger still. */
export const PEOPLE_SIZE = 192;
const OBJECTS_SAVED_SIZE = 512;

/** Sides of the pictures for the two nets that judge spoofs. */
export const ANTISPOOF_SIZE = 128;
export const LIVENESS_SIZE = 32;

interface Net {
  /** SHA-256 of the net in ONNX, which a stored conversion must have. */
  sha256: string;
  /** Converts the weights of the package after checking their own SHA-256. */
  convert(): Uint8Array;
}

const ofHuman =
  (name: 'blazeface' | 'facemesh' | 'iris' | 'centernet' | 'faceres' | 'antispoof' | 'liveness', options: ConversionOptions) => () =>
    tfjsToOnnx(readWeights(`human/${name}.json`), readWeights(`human/${name}.bin`), options);

const ofCenterNet = (size: number) =>
  ofHuman('centernet', {
    inputShape: [1, size, size, 3],
    outputs: { heat: 'tower_0/keypoints', extents: 'tower_0/wh' },
    onlyChannels: { 'tower_0/CenternetHead/centernet_cls_output/BiasAdd': objectClasses.map((name) => COCO[name]) },
    zoom: size / OBJECTS_SAVED_SIZE,
  });

const ofFaceapi =
  (name: 'face_recognition_model' | 'face_landmark_68_model', convert: (manifest: Buffer, weights: Buffer) => Uint8Array) => () =>
    convert(readWeights(`faceapi/${name}-weights_manifest.json`), readWeights(`faceapi/${name}.bin`));

const nets = {
  faces: {
    sha256: 'b416f0fb652077346432e286de97c500e68771e1aadfab87ca4c44312c7845e8',
    convert: ofHuman('blazeface', {
      inputShape: [1, 256, 256, 3],
      outputs: { fineScores: 'Identity', coarseScores: 'Identity_1', fineBoxes: 'Identity_2', coarseBoxes: 'Identity_3' },
    }),
  },
  mesh: {
    sha256: 'a12b613f960f4056fc460b3ff438de20847f32139c38e1d191814a7cbe21ed69',
    convert: ofHuman('facemesh', { inputShape: [1, 192, 192, 3], outputs: { points: 'Identity_2', presence: 'Identity_1' } }),
  },
  iris: {
    sha256: '410d2fa68febc877e8f188607bba2a6228f3c1d3131126409a14f2e16e9dbd35',
    convert: ofHuman('iris', { inputShape: [1, 64, 64, 3], outputs: { points: 'Identity' } }),
  },
  objects: {
    sha256: '42d529579e8c27cd6ff86f10c100593f0a80992fa30eacfa427ecbc1f3afd095',
    convert: ofCenterNet(OBJECTS_SIZE),
  },
  people: {
    sha256: '268371452d2d20a1bdf9d24c8abac57af193fb7f1861bfa78f22c095884335a4',
    convert: ofCenterNet(PEOPLE_SIZE),
  },
  faceres: {
    sha256: '60cd0d84a7cb3af082fcc0afc14b6bff86563ac81cc08b6aea14448d2d95d861',
    convert: ofHuman('faceres', { inputShape: [1, 224, 224, 3], outputs: { descriptor: 'global_pooling/Mean' } }),
  },
  landmarks: {
    sha256: 'afedbf78371d77d4795f07fd5676b4dc609dd7415cca575ab2940df8fe1c9996',
    convert: ofFaceapi('face_landmark_68_model', landmarkNet),
  },
  dlib: {
    sha256: 'd4344b6c33279fba9610bd28cfbef5292715305d7402869bc9b1253a79c8206d',
    convert: ofFaceapi('face_recognition_model', descriptorNet),
  },
  // Only the evaluation uses these two.
  antispoof: {
    sha256: '1574e685a5f9af214a493270e9f647a455f35753b144e8cec394654bbcf77001',
    convert: ofHuman('antispoof', {
      inputShape: [1, ANTISPOOF_SIZE, ANTISPOOF_SIZE, 3],
      outputs: { answer: 'StatefulPartitionedCall/sequential/activation_4/Sigmoid' },
    }),
  },
  liveness: {
    sha256: 'fb69b5ff9ef92c3de642cb5d176f854a730d0a6e20869b8869cb41a4534d2520',
    convert: ofHuman('liveness', {
      inputShape: [1, LIVENESS_SIZE, LIVENESS_SIZE, 3],
      outputs: { answer: 'StatefulPartitionedCall/sequential_1/dense_2/BiasAdd' },
    }),
  },
  speech: {
    sha256: 'f33e0bf51e1906287f45c0efbbd364598eb97dc0b7ad15ba22bc84b46c5ed531',
    convert: () => speechNet(readWeights('silero/silero_vad_v6.onnx')),
  },
} satisfies Record<string, Net>;

export type NetName = keyof typeof nets;

export const netNames = Object.keys(nets) as NetName[];

const keptPath = (name: NetName) => join(projectRoot, 'dist', 'nets', `${name}.onnx`);

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/**
 * A net in ONNX: the conversion stored at installation, or a new one if there is none or its hash is wrong, which takes up to
 * 0.3 s and much memory.
 */
export function readNet(name: NetName, path = keptPath(name)): Uint8Array {
  if (existsSync(path)) {
    const kept = readFileSync(path);
    if (hashOf(kept) === nets[name].sha256) return kept;
  }
  return nets[name].convert();
}

/**
 * Converts all nets and stores them for `readNet`. A conversion with another hash, on a platform that computes differently, is
 * not stored.
 * @returns the names of the stored ones
 */
export function keepNets(pathOf: (name: NetName) => string = keptPath): NetName[] {
  return netNames.filter((name) => {
    const path = pathOf(name);
    if (existsSync(path) && hashOf(readFileSync(path)) === nets[name].sha256) return true;
    const converted = nets[name].convert();
    if (hashOf(converted) !== nets[name].sha256) return false;
    mkdirSync(dirname(path), { recursive: true });
    // Atomic, because two installations may run at the same time.
    writeFileSync(`${path}.${process.pid}`, converted);
    renameSync(`${path}.${process.pid}`, path);
    return true;
  });
}
