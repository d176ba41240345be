import type { FaceEmbedding, FaceImage, MainFace } from '../../adapters/vision/vision.ts';

export type MatchWarning =
  | 'no_face_reference'
  | 'no_face_verification'
  | 'multiple_faces_reference'
  | 'multiple_faces_verification'
  | 'low_quality_reference'
  | 'low_quality_verification';

export interface FaceMatch {
  verified: boolean;
  /** Calibrated probability that both pictures show the same person, 0..1; 0 if they could not be compared. */
  confidence: number;
  /** Similarity of both faces, 0 (as unlike as strangers get) to 1 (the same picture); 0 if they could not be compared. */
  matchScore: number;
  /** Whether each picture contains a face. */
  faceDetected: boolean;
  warnings: MatchWarning[];
}

/**
 * As likely the same person as not, if there are five pairs of strangers per true pair. docs/quality.md has the figures of other
 * values.
 */
export const MIN_CONFIDENCE = 0.5;

/**
 * From this prominence on another face counts. Group pictures reach .56 to .99; people behind the subject or cut off at the edge
 * stay below .55; counting every bystander would reject 12 % of LFW's true pairs instead of 1 %.
 */
const MIN_PROMINENCE = 0.55;

/** Pixels. Below this, true matches start to be missed. */
const MIN_FACE_WIDTH = 45;
/** Ordinary pictures reach .80; from .88 on (a Gaussian of 2.5 pixels on a face of 100) one true match in eight is missed. */
const MAX_BLUR = 0.88;
/** Ordinary pictures lie between .23 and .67. */
const BRIGHTNESS = { min: 0.1, max: 0.8 };

/**
 * Degrees. Ordinary pictures stay within 35 and 28; up to 35 no true match is missed, beyond 45 some are. A head that is only
 * tilted is turned upright first.
 */
const MAX_YAW = 45;
const MAX_PITCH = 35;

/** Fused similarity (see `fuse`) of quite dissimilar strangers (half of all strangers reach 4.5), and of a picture with itself. */
const FUSED_RANGE = { from: 4, to: 6 };

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** Both descriptors have unit length; dlib's are close together for all faces, so their small differences get more weight. */
function fuse(a: FaceEmbedding, b: FaceEmbedding): number {
  return 5 * cosine(a.dlib, b.dlib) + cosine(a.faceres, b.faceres);
}

/** A few thousand pairs cannot prove more. */
const MOST_CERTAIN = 0.9995;

/** Logistic regression over 2,633 pairs; in five folds, each with other people, its expected calibration error is .002. */
function toConfidence(fused: number): number {
  const probability = 1 / (1 + Math.exp(240.5 - 46.64 * fused));
  return Math.min(MOST_CERTAIN, Math.max(1 - MOST_CERTAIN, probability));
}

function toMatchScore(fused: number): number {
  const { from, to } = FUSED_RANGE;
  return Math.min(1, Math.max(0, (fused - from) / (to - from)));
}

/** Calibrated probability that two faces are of the same person, 0..1. */
export const likeness = (a: FaceEmbedding, b: FaceEmbedding): number => toConfidence(fuse(a, b));

/** What makes a picture better, in the order in which to do it. */
export const PICTURE_ADVICE = ['no_face', 'several_faces', 'too_small', 'too_dark', 'too_bright', 'blurred', 'turned'] as const;
export type PictureAdvice = (typeof PICTURE_ADVICE)[number];

function faultsOf({ box, blur, brightness, pose }: MainFace): PictureAdvice[] {
  const faults: Partial<Record<PictureAdvice, boolean>> = {
    too_small: box.width < MIN_FACE_WIDTH,
    too_dark: brightness < BRIGHTNESS.min,
    too_bright: brightness > BRIGHTNESS.max,
    blurred: blur > MAX_BLUR,
    turned: Math.abs(pose.yaw) > MAX_YAW || Math.abs(pose.pitch) > MAX_PITCH,
  };
  return PICTURE_ADVICE.filter((advice) => faults[advice]);
}

export const isLowQuality = (face: MainFace): boolean => faultsOf(face).length > 0;

const countProminent = ({ faces }: FaceImage) => faces.filter(({ prominence }) => prominence >= MIN_PROMINENCE).length;

/** What is wrong with a picture for a check-in, by what its sitter can do: nothing exactly if `faultOfReference` finds nothing. */
export function adviceOn(image: FaceImage): PictureAdvice[] {
  if (!image.main) return ['no_face'];
  return [...(countProminent(image) > 1 ? (['several_faces'] as const) : []), ...faultsOf(image.main)];
}

function warningsOf<Side extends 'reference' | 'verification'>(image: FaceImage, side: Side) {
  const { main } = image;
  if (!main) return [`no_face_${side}` as const];
  return [
    ...(countProminent(image) > 1 ? [`multiple_faces_${side}` as const] : []),
    ...(isLowQuality(main) ? [`low_quality_${side}` as const] : []),
  ];
}

/** As `matchFaces`, with a face that is kept and whose picture was good enough to keep it. */
export function matchTemplate(template: FaceEmbedding, candidate: FaceImage): FaceMatch {
  const warnings: MatchWarning[] = warningsOf(candidate, 'verification');
  if (!candidate.main) return { verified: false, confidence: 0, matchScore: 0, faceDetected: false, warnings };
  const fused = fuse(template, candidate.main.embedding);
  const confidence = toConfidence(fused);
  const isAlone = !warnings.includes('multiple_faces_verification');
  return { verified: confidence >= MIN_CONFIDENCE && isAlone, confidence, matchScore: toMatchScore(fused), faceDetected: true, warnings };
}

/** What is wrong with a picture that is to be a reference; null if nothing is. */
export function faultOfReference(image: FaceImage): string | null {
  const [fault] = warningsOf(image, 'reference');
  return fault ? REFERENCE_FAULTS[fault] : null;
}

const REFERENCE_FAULTS = {
  no_face_reference: 'must show a face: none was found',
  multiple_faces_reference: 'must show one face: it shows several',
  low_quality_reference: 'must show the face clearly: it is too small, blurred, dark, bright or turned away',
} as const;

/**
 * Decides whether two pictures show the same person.
 *
 * No face or several faces always block. One picture of low quality only warns: it causes missed matches but was never seen to
 * make strangers similar. Two block: dark faces resemble one another (with two at a twelfth of the light, 4 % of strangers would
 * pass as one person).
 */
export function matchFaces(reference: FaceImage, candidate: FaceImage): FaceMatch {
  const warnings: MatchWarning[] = [...warningsOf(reference, 'reference'), ...warningsOf(candidate, 'verification')];
  if (!reference.main || !candidate.main) return { verified: false, confidence: 0, matchScore: 0, faceDetected: false, warnings };
  const several = warnings.some((warning) => warning.startsWith('multiple_faces'));
  const bothPoor = isLowQuality(reference.main) && isLowQuality(candidate.main);
  const fused = fuse(reference.main.embedding, candidate.main.embedding);
  const confidence = toConfidence(fused);
  return {
    verified: confidence >= MIN_CONFIDENCE && !several && !bothPoor,
    confidence,
    matchScore: toMatchScore(fused),
    faceDetected: true,
    warnings,
  };
}
