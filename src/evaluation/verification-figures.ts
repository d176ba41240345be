import type { FaceMatch } from '../services/identity/face-match.ts';
import type { Row } from './csv.ts';

export interface ScoredPair {
  a: string;
  b: string;
  /** Whether both pictures show one person. */
  same: boolean;
  labels: Row;
  match: FaceMatch;
}

/** The people of each pair, as numbers: pictures labelled as the same person, directly or through others, count as one. */
export function identities(pairs: readonly ScoredPair[]): [number, number][] {
  const parent = new Map<string, string>();
  const rootOf = (file: string): string => {
    const above = parent.get(file) ?? file;
    return above === file ? file : rootOf(above);
  };
  for (const { a, b, same } of pairs) if (same) parent.set(rootOf(a), rootOf(b));
  const numbers = new Map<string, number>();
  const numberOf = (file: string) => {
    const root = rootOf(file);
    const number = numbers.get(root) ?? numbers.size;
    numbers.set(root, number);
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
export function logLoss(pairs: readonly Pick<ScoredPair, 'same' | 'match'>[]): number {
  const losses = pairs.map(({ same, match: { confidence } }) => -Math.log(Math.max(LEAST, same ? confidence : 1 - confidence)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Of pairs that could not be compared the confidence is 0. */
const LEAST = 0.0005;

export interface RocPoint {
  fmr: number;
  tpr: number;
}

/** By confidence alone, starting at the strictest threshold. */
export function rocOf(pairs: readonly ScoredPair[]): RocPoint[] {
  const sorted = pairs.toSorted((a, b) => b.match.confidence - a.match.confidence);
  const genuine = pairs.filter(({ same }) => same).length;
  let verified = 0;
  let passed = 0;
  return sorted.map(({ same }) => {
    if (same) verified += 1;
    else passed += 1;
    return { fmr: passed / (pairs.length - genuine), tpr: verified / genuine };
  });
}

/** The best TPR at which the FMR is at most `fmr`. */
export const truePositivesAt = (pairs: readonly ScoredPair[], fmr: number): number =>
  Math.max(
    0,
    ...rocOf(pairs)
      .filter((point) => point.fmr <= fmr)
      .map(({ tpr }) => tpr),
  );
