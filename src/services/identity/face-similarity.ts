import type { FaceEmbedding } from '../../adapters/vision/vision.ts';
import { dot, withoutShared } from './descriptor-spread.ts';

/**
 * Logistic regression over 2,633 pairs and 2,159 strangers of one group (`scripts/fit-faces.mjs`), the similarities of the latter by
 * constants that were computed without both. Each net alone takes strangers for one another whom the other tells apart.
 */
const LOGIT = { dlib: 23.855, faceres: 29.08, offset: -29.017 };

/** Logit of half of all strangers, and of a picture with itself. */
const RANGE = { from: -15.7, to: LOGIT.dlib + LOGIT.faceres + LOGIT.offset };

/** Some thousand pairs cannot show more. */
const MOST_CERTAIN = 0.9995;

const prepared = new WeakMap<FaceEmbedding, Float64Array>();

function ownOf(face: FaceEmbedding): Float64Array {
  const known = prepared.get(face);
  if (known) return known;
  const own = withoutShared(face.dlib);
  prepared.set(face, own);
  return own;
}

export interface Similarity {
  /** Calibrated probability that both are one person, .0005 to .9995, in a mixture of one true pair to ten of strangers, half of them of one group. */
  confidence: number;
  /** 0 (as unlike as half of all strangers are) to 1 (the same picture). */
  score: number;
}

/** How alike two faces are. Both descriptors of each have unit length. */
export function compareFaces(a: FaceEmbedding, b: FaceEmbedding): Similarity {
  const logit = LOGIT.dlib * dot(ownOf(a), ownOf(b)) + LOGIT.faceres * dot(a.faceres, b.faceres) + LOGIT.offset;
  const probability = 1 / (1 + Math.exp(-logit));
  return {
    confidence: Math.min(MOST_CERTAIN, Math.max(1 - MOST_CERTAIN, probability)),
    score: Math.min(1, Math.max(0, (logit - RANGE.from) / (RANGE.to - RANGE.from))),
  };
}
