// Units: which share of pictures lies between two thresholds cannot be chosen by a picture, so faces are mixed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaceEmbedding, FaceImage, MainFace, VisionProvider } from '../../src/adapters/vision/vision.ts';
import { projectRoot } from '../../src/paths.ts';
import { isClearFailure, matchFaces, matchTemplate } from '../../src/services/identity/face-match.ts';

// The compiled module, because Node runs its threads.
const built = pathToFileURL(join(projectRoot, 'dist/src/adapters/vision/local/vision-local.js')).href;
const { createLocalVision } = (await import(built)) as { createLocalVision: (options: { workers: number }) => VisionProvider };
const vision = createLocalVision({ workers: 1 });
afterAll(() => vision.dispose());

let [one, another]: FaceImage[] = [];
const present = (image: FaceImage | undefined) => image as FaceImage & { main: MainFace };
beforeAll(async () => {
  const sample = await readFile(join(projectRoot, 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  const woman = async (left: number, top: number) =>
    vision.readFaceImage(await sharp(sample).extract({ left, top, width: 340, height: 400 }).jpeg().toBuffer());
  [one, another] = [await woman(180, 420), await woman(640, 190)];
});

/** Descriptors between those of two faces, of unit length as the nets give them. */
function mix(a: FaceEmbedding, b: FaceEmbedding, share: number): FaceEmbedding {
  const between = (x: Float32Array, y: Float32Array) => {
    const sum = x.map((value, i) => value * (1 - share) + (y[i] ?? 0) * share);
    const length = Math.hypot(...sum);
    return sum.map((value) => value / length);
  };
  return { dlib: between(a.dlib, b.dlib), faceres: between(a.faceres, b.faceres) };
}

describe('from one face to another', () => {
  it('the confidence falls, and in between nobody is judged: verified, low_confidence, clearly different', () => {
    const [a, b] = [present(one), present(another)];
    const outcomes = Array.from({ length: 21 }, (_, step) => {
      const embedding = mix(a.main.embedding, b.main.embedding, step / 20);
      return matchFaces(a, { ...a, main: { ...a.main, embedding } });
    });
    const confidences = outcomes.map(({ confidence }) => confidence);
    expect(confidences).toEqual(confidences.toSorted((x, y) => y - x));
    const kinds = outcomes.map(({ verified, warnings }) => (verified ? 'yes' : (warnings[0] ?? 'no')));
    expect([...new Set(kinds)]).toEqual(['yes', 'low_confidence', 'no']);
    for (const { verified, warnings, confidence } of outcomes)
      expect(warnings.includes('low_confidence')).toBe(!verified && confidence >= 0.05);
    expect(outcomes.filter(isClearFailure)).toEqual(outcomes.filter((_, i) => kinds[i] === 'no'));
  });

  it('a face that an older server kept, as the nets gave it, is compared like a picture', () => {
    const [a, b] = [present(one), present(another)];
    // What is stored: both descriptors, one after the other, in 32 bits.
    const { dlib, faceres } = a.main.embedding;
    const kept = { dlib: new Float32Array(dlib), faceres: new Float32Array(faceres) };
    expect(matchTemplate(kept, a)).toEqual(matchFaces(a, a));
    expect(matchTemplate(kept, b)).toEqual(matchFaces(a, b));
  });
});

describe('a comparison that failed', () => {
  const failure = { verified: false, faceDetected: true, confidence: 0.01, warnings: [] };
  it('says that this is somebody else only if the picture was good and the faces clearly differ', () => {
    expect(isClearFailure(failure)).toBe(true);
    expect(isClearFailure({ ...failure, confidence: 0.2 })).toBe(false);
    expect(isClearFailure({ ...failure, faceDetected: false })).toBe(false);
    for (const warning of ['low_quality_verification', 'multiple_faces_verification'])
      expect(isClearFailure({ ...failure, warnings: [warning] })).toBe(false);
  });
});
