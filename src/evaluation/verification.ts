import type { FaceImage } from '../adapters/vision/vision.ts';
import { type FaceMatch, matchFaces } from '../services/identity/face-match.ts';
import type { Row } from './csv.ts';
import { labelsOf, named } from './data-folder.ts';
import { DEGRADATIONS_TITLE, measureDegradations } from './degradations.ts';
import { breakDown, type Figure, plainFigure, type Section, type Skipped, toFigure } from './section.ts';
import { bootstrapByPerson, shareOf } from './statistics.ts';
import { drawBars } from './svg-bars.ts';
import { drawReliability, drawRoc } from './svg-verification.ts';
import { mapAll, type Tools } from './tools.ts';
import {
  calibration,
  expectedCalibrationError,
  identities,
  logLoss,
  rates,
  rocOf,
  type ScoredPair,
  truePositivesAt,
} from './verification-figures.ts';

const COLUMNS = ['a', 'b', 'same'];
const THRESHOLDS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
const FALSE_MATCH_RATES = [0.001, 0.003, 0.01];

/** Pairs from `pairs.csv`; further columns there and in `verify/labels.csv` (`file` and its labels) are groups. */
export async function evaluateVerification(tools: Tools): Promise<(Section | Skipped)[]> {
  const title = 'Verification';
  const rows = await tools.data.rows('pairs.csv');
  if (!rows) return [{ title, missing: 'pairs.csv (a, b, same) with its pictures' }];
  const ofPictures = new Map((await tools.data.rows('verify/labels.csv'))?.map((row) => [row['file'], labelsOf(row, ['file'])]));
  const files = [...new Set(rows.flatMap(({ a = '', b = '' }) => [a, b]))];
  const read = await mapAll(files, tools, async (file) => named(file, tools.vision.readFaceImage(await tools.data.read(file))));
  const faces = new Map(files.map((file, index) => [file, read[index] as FaceImage]));
  const pairs = rows.map((row): ScoredPair => {
    const { a = '', b = '', same } = row;
    const match = matchFaces(faces.get(a) as FaceImage, faces.get(b) as FaceImage);
    return { a, b, same: same === '1', labels: { ...labelsOf(row, COLUMNS), ...ofBoth(ofPictures.get(a), ofPictures.get(b)) }, match };
  });
  const degraded = await measureDegradations(pairs, faces, tools);
  const found = describe(title, pairs, read);
  if (!tools.data.has('groups/labels.csv'))
    found.notes.push('strangers of one group, who are harder, are not measured without groups/labels.csv');
  return [found, { ...degraded, title: DEGRADATIONS_TITLE, plots: { 'degradations.svg': drawBars(degraded.bars) } }];
}

/** Labels that both pictures share; `differs` where they do not agree. */
function ofBoth(a: Row = {}, b: Row = {}): Row {
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, a[key] === b[key] ? (a[key] ?? '') : 'differs']),
  );
}

function describe(title: string, pairs: readonly ScoredPair[], read: readonly FaceImage[]): Section {
  const people = identities(pairs);
  const of = (weights: Float64Array) => [...Object.values(rates(pairs, weights)), expectedCalibrationError(pairs, weights)];
  const ones = new Float64Array(pairs.length).fill(1);
  const [accuracy = 0, tpr = 0, fmr = 0, ece = 0] = of(ones);
  const [ofAccuracy, ofTpr, ofFmr, ofEce] = bootstrapByPerson(people, of);
  const genuine = pairs.filter(({ same }) => same);
  const strangers = pairs.filter(({ same }) => !same);
  const figures: Figure[] = [
    plainFigure('accuracy at the default threshold', accuracy, pairs.length, ofAccuracy),
    plainFigure('true pairs verified (TPR)', tpr, genuine.length, ofTpr),
    plainFigure('strangers verified (FMR)', fmr, strangers.length, ofFmr),
    plainFigure('expected calibration error', ece, pairs.length, ofEce),
    plainFigure('log loss', logLoss(pairs), pairs.length),
    toFigure(
      'true pairs that a person has to look at (low_confidence)',
      shareOf(genuine, ({ match }) => hasWarning(match, 'low_confidence')),
    ),
    toFigure(
      'strangers that a person has to look at',
      shareOf(strangers, ({ match }) => hasWarning(match, 'low_confidence')),
    ),
    toFigure(
      'pictures in which no face is found',
      shareOf(read, ({ main }) => main === null),
    ),
    toFigure(
      'true pairs rejected for several faces',
      shareOf(genuine, ({ match }) => hasWarning(match, 'multiple_faces')),
    ),
    toFigure(
      'true pairs with a warning of low quality',
      shareOf(genuine, ({ match }) => hasWarning(match, 'low_quality')),
    ),
    ...FALSE_MATCH_RATES.map((rate) => plainFigure(`TPR by confidence alone at FMR ${rate}`, truePositivesAt(pairs, rate), genuine.length)),
  ];
  const toJudged = (some: readonly ScoredPair[]) => some.map(({ labels, match }) => ({ labels, hit: match.verified }));
  return {
    title,
    figures,
    groups: [...breakDown('true pairs verified', toJudged(genuine)), ...breakDown('strangers verified', toJudged(strangers))],
    notes: [`${new Set(people.flat()).size} people; intervals by resampling people, because pairs share them`],
    plots: {
      'roc.svg': drawRoc(rocOf(pairs), { fmr, tpr }),
      'reliability.svg': drawReliability(calibration(pairs, ones), ece),
    },
    details: {
      thresholds: THRESHOLDS.map((threshold) => Object.assign(rates(pairs, ones, threshold), { threshold })),
      calibration: calibration(pairs, ones),
      mistaken: pairs
        .filter(({ same, match }) => same !== match.verified)
        .map(({ a, b, same, match }) => ({ a, b, same, confidence: match.confidence, warnings: match.warnings })),
    },
  };
}

const hasWarning = ({ warnings }: FaceMatch, kind: string) => warnings.some((warning) => warning.startsWith(kind));
