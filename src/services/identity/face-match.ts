import type { FaceEmbedding, FaceImage, MainFace } from '../../adapters/vision/vision.ts';
import { compareFaces } from './face-similarity.ts';

export type MatchWarning =
  | 'no_face_reference'
  | 'no_face_verification'
  | 'multiple_faces_reference'
  | 'multiple_faces_verification'
  | 'low_quality_reference'
  | 'low_quality_verification'
  /** The faces are neither clearly alike nor clearly different: a person has to look. */
  | 'low_confidence';

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
 * As likely the same person as not, if there are ten pairs of strangers per true pair, half of them of one group. docs/quality.md has
 * the figures of other values.
 */
export const MIN_CONFIDENCE = 0.5;

/** Below this the faces clearly differ; from here to `MIN_CONFIDENCE` nobody should be judged by the comparison alone. */
const CLEARLY_DIFFERENT = 0.05;

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

/** Calibrated probability that two faces are of the same person, 0..1. */
export const likeness = (a: FaceEmbedding, b: FaceEmbedding): number => compareFaces(a, b).confidence;

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

/** The outcome for two faces, with the warnings of their pictures; `blocked` says that those prevent it. */
function outcomeOf(a: FaceEmbedding, b: FaceEmbedding, { blocked, warnings }: { blocked: boolean; warnings: MatchWarning[] }): FaceMatch {
  const { confidence, score } = compareFaces(a, b);
  const isUnsure = confidence >= CLEARLY_DIFFERENT && confidence < MIN_CONFIDENCE;
  return {
    verified: confidence >= MIN_CONFIDENCE && !blocked,
    confidence,
    matchScore: score,
    faceDetected: true,
    warnings: isUnsure ? [...warnings, 'low_confidence'] : warnings,
  };
}

/** As `matchFaces`, with a face that is kept and whose picture was good enough to keep it. */
export function matchTemplate(template: FaceEmbedding, candidate: FaceImage): FaceMatch {
  const warnings: MatchWarning[] = warningsOf(candidate, 'verification');
  if (!candidate.main) return { verified: false, confidence: 0, matchScore: 0, faceDetected: false, warnings };
  return outcomeOf(template, candidate.main.embedding, { blocked: warnings.includes('multiple_faces_verification'), warnings });
}

/**
 * Whether a stored comparison that failed says that this is somebody else. It does not where the confidence is in between, or a
 * picture was poor or showed several faces. Rows of older versions are judged by their confidence, too.
 */
export const isClearFailure = ({
  verified,
  faceDetected,
  confidence,
  warnings,
}: Omit<FaceMatch, 'matchScore' | 'warnings'> & { warnings: string[] }) =>
  faceDetected && !verified && confidence < CLEARLY_DIFFERENT && !warnings.some((warning) => /^(low|multiple)_/.test(warning));

/** What a person reads of an outcome. */
export function verdictOf({ verified, warnings }: { verified: boolean; warnings: string[] }): string {
  if (verified) return 'the same person';
  return warnings.includes('low_confidence') ? 'not sure, a person should look' : 'not recognised';
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
 * No face or several faces always block. One picture of low quality only warns: it causes missed matches but hardly ever makes
 * strangers similar. Two block: dark faces resemble one another (with two at a twelfth of the light, 1 % of strangers would
 * pass as one person).
 */
export function matchFaces(reference: FaceImage, candidate: FaceImage): FaceMatch {
  const warnings: MatchWarning[] = [...warningsOf(reference, 'reference'), ...warningsOf(candidate, 'verification')];
  if (!reference.main || !candidate.main) return { verified: false, confidence: 0, matchScore: 0, faceDetected: false, warnings };
  const several = warnings.some((warning) => warning.startsWith('multiple_faces'));
  const bothPoor = isLowQuality(reference.main) && isLowQuality(candidate.main);
  return outcomeOf(reference.main.embedding, candidate.main.embedding, { blocked: several || bothPoor, warnings });
}
