import type { FaceMatch } from '../services/identity/face-match.ts';
import type { Row } from './csv.ts';
import { createPeople } from './people.ts';

export interface ScoredPair {
  a: string;
  b: string;
  /** Whether both pictures show one person. */
  same: boolean;
  labels: Row;
  /** Who is in `a` and in `b`. */
  clusters: readonly [string, string];
  match: FaceMatch;
}

/**
 * The people of each pair, as numbers: pictures labelled as the same person, directly or through others, count as one.
 * @public for `scripts/fit-faces.mjs`
 */
export function identities(pairs: readonly Pick<ScoredPair, 'a' | 'b' | 'same'>[]): [number, number][] {
  const personOf = createPeople(pairs.map(({ a, b, same }) => ({ clips: [a, b], row: { same: same ? '1' : '0' } })));
  const numbers = new Map<string, number>();
  const numberOf = (file: string) => {
    const person = personOf(file);
    const number = numbers.get(person) ?? numbers.size;
    numbers.set(person, number);
    return number;
  };
  return pairs.map(({ a, b }) => [numberOf(a), numberOf(b)]);
}

export interface Rates {
  accuracy: number;
  tpr: number;
  fmr: number;
}

/** Rates of the product's decision, or of the confidence at another threshold; blocking warnings block in both. */
export function rates(pairs: readonly ScoredPair[], weights: Float64Array, threshold?: number): Rates {
  const totals = { genuine: 0, verified: 0, strangers: 0, passed: 0 };
  pairs.forEach(({ same, match }, index) => {
    const weight = weights[index] ?? 0;
    const isVerified = threshold === undefined ? match.verified : match.confidence >= threshold && !isBlocked(match);
    totals[same ? 'genuine' : 'strangers'] += weight;
    if (isVerified) totals[same ? 'verified' : 'passed'] += weight;
  });
  const { genuine, verified, strangers, passed } = totals;
  return { accuracy: (verified + strangers - passed) / (genuine + strangers), tpr: verified / genuine, fmr: passed / strangers };
}

const isBlocked = ({ faceDetected, warnings }: FaceMatch) =>
  !faceDetected ||
  warnings.some((warning) => warning.startsWith('multiple_faces')) ||
  warnings.filter((warning) => warning.startsWith('low_quality')).length === 2;

export interface Bin {
  from: number;
  pairs: number;
  /** Mean confidence. `genuine` is the share of true pairs. */
  confidence: number;
  genuine: number;
}

const BINS = 10;

export function calibration(pairs: readonly ScoredPair[], weights: Float64Array): Bin[] {
  const bins = Array.from({ length: BINS }, (_, index) => ({ from: index / BINS, pairs: 0, confidence: 0, genuine: 0 }));
  pairs.forEach(({ same, match }, index) => {
    const bin = bins[Math.min(BINS - 1, Math.floor(match.confidence * BINS))];
    const weight = weights[index] ?? 0;
    if (!bin) return;
    bin.pairs += weight;
    bin.confidence += weight * match.confidence;
    bin.genuine += same ? weight : 0;
  });
  return bins.map(({ from, pairs, confidence, genuine }) => ({ from, pairs, confidence: confidence / pairs, genuine: genuine / pairs }));
}

/** Mean distance between confidence and truth over ten bins of equal width, weighted by their pairs (Naeini et al. 2015). */
export function expectedCalibrationError(pairs: readonly ScoredPair[], weights: Float64Array): number {
  const bins = calibration(pairs, weights).filter(({ pairs }) => pairs > 0);
  const total = bins.reduce((sum, { pairs }) => sum + pairs, 0);
  return bins.reduce((sum, { pairs, confidence, genuine }) => sum + (pairs / total) * Math.abs(confidence - genuine), 0);
}

/** Mean −log of the confidence in what is true. The confidence is held within .0005 and .9995, so no pair costs more than 7.6. */
export function logLoss(
  pairs: readonly Pick<ScoredPair, 'same' | 'match'>[],
  weights: Float64Array = new Float64Array(pairs.length).fill(1),
): number {
  const losses = pairs.map(({ same, match: { confidence } }) => -Math.log(Math.max(LEAST, same ? confidence : 1 - confidence)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return losses.reduce((sum, loss, index) => sum + loss * (weights[index] ?? 0), 0) / total;
}

/** Of pairs that could not be compared the confidence is 0. */
const LEAST = 0.0005;

export interface RocPoint {
  fmr: number;
  tpr: number;
}

/** By confidence alone, starting at the strictest threshold; pairs of the same confidence pass together. */
export function rocOf(pairs: readonly ScoredPair[], weights: Float64Array = new Float64Array(pairs.length).fill(1)): RocPoint[] {
  const sorted = pairs
    .map((pair, index) => ({ ...pair, weight: weights[index] ?? 0 }))
    .sort((a, b) => b.match.confidence - a.match.confidence);
  const sum = (isSame: boolean) => sorted.reduce((total, { same, weight }) => total + (same === isSame ? weight : 0), 0);
  const [genuine, strangers] = [sum(true), sum(false)];
  let verified = 0;
  let passed = 0;
  return sorted.flatMap(({ same, match, weight }, index) => {
    if (same) verified += weight;
    else passed += weight;
    const isLastOfTie = sorted[index + 1]?.match.confidence !== match.confidence;
    return isLastOfTie ? [{ fmr: passed / strangers, tpr: verified / genuine }] : [];
  });
}

/** The best TPR at which the FMR is at most `fmr`. */
export const truePositivesAt = (points: readonly RocPoint[], fmr: number): number =>
  points.reduce((best, point) => (point.fmr <= fmr ? Math.max(best, point.tpr) : best), 0);
