import type { FaceImage } from '../adapters/vision/vision.ts';
import { type FaceMatch, matchFaces } from '../services/identity/face-match.ts';
import { drawClusters, middleOf } from './clusters.ts';
import type { Row } from './csv.ts';
import { labelsOf, named } from './data-folder.ts';
import { DEGRADATIONS_TITLE, measureDegradations } from './degradations.ts';
import { areaUnderRoc } from './exact.ts';
import { breakDown } from './groups.ts';
import { isSamePhoto, type PhotoPrint, printPhoto } from './same-photo.ts';
import { type Figure, figureOf, plainFigure, type Section, type Skipped } from './section.ts';
import { drawBars } from './svg-bars.ts';
import { drawReliability, drawRoc } from './svg-verification.ts';
import { mapAll, type Tools } from './tools.ts';
import { calibration, expectedCalibrationError, logLoss, rates, rocOf, type ScoredPair, truePositivesAt } from './verification-figures.ts';

const COLUMNS = ['a', 'b', 'same'];
const THRESHOLDS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
const FALSE_MATCH_RATES = [0.001, 0.003, 0.01];

/** Pairs from `pairs.csv`; further columns there and in `verify/labels.csv` (`file` and its labels) are groups. */
export async function evaluateVerification(tools: Tools): Promise<(Section | Skipped)[]> {
  const title = 'Verification';
  const labelled = await tools.data.rows('pairs.csv');
  if (!labelled) return [{ title, missing: 'pairs.csv (a, b, same) with its pictures' }];
  const rows = await withoutSamePhotos(labelled, tools);
  const ofPictures = new Map((await tools.data.rows('verify/labels.csv'))?.map((row) => [row['file'], labelsOf(row, ['file'])]));
  const files = [...new Set(rows.flatMap(({ a = '', b = '' }) => [a, b]))];
  const { personOf } = tools.data;
  const read = await mapAll(files, tools, async (file) => named(file, tools.vision.readFaceImage(await tools.data.read(file))));
  const faces = new Map(files.map((file, index) => [file, read[index] as FaceImage]));
  const pairs = rows.map((row): ScoredPair => {
    const { a = '', b = '', same } = row;
    const match = matchFaces(faces.get(a) as FaceImage, faces.get(b) as FaceImage);
    const labels = { ...labelsOf(row, COLUMNS), ...ofBoth(ofPictures.get(a), ofPictures.get(b)) };
    return { a, b, same: same === '1', labels, clusters: [personOf(a), personOf(b)], match };
  });
  const degraded = await measureDegradations(pairs, faces, tools);
  const pictures = files.map((file, index) => ({ clusters: [personOf(file)], hasFace: read[index]?.main !== null }));
  const found = describe(title, pairs, pictures);
  const left = labelled.length - rows.length;
  if (left > 0) found.notes.push(`${left} true pairs are left out: both pictures are one photo, or nearly so`);
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

/** A true pair of one photo, or of one that was only compressed again, does not show that a person is recognised. */
async function withoutSamePhotos(rows: readonly Row[], { data }: Tools): Promise<Row[]> {
  const prints = new Map<string, PhotoPrint | null>();
  const printOf = async (file: string) => {
    // What cannot be decoded is told when it is read.
    if (!prints.has(file)) prints.set(file, await printPhoto(await data.read(file)).catch(() => null));
    return prints.get(file) ?? null;
  };
  const isOnePhoto = async (a: string, b: string) => {
    const [one, other] = [await printOf(a), await printOf(b)];
    return one !== null && other !== null && isSamePhoto(one, other);
  };
  const kept: Row[] = [];
  for (const row of rows) {
    const { a = '', b = '', same } = row;
    if (same !== '1' || !(await isOnePhoto(a, b))) kept.push(row);
  }
  return kept;
}

interface Picture {
  /** Who is in it. */
  clusters: readonly string[];
  hasFace: boolean;
}

function describe(title: string, pairs: readonly ScoredPair[], pictures: readonly Picture[]): Section {
  const of = (weights: Float64Array) => {
    const roc = rocOf(pairs, weights);
    const { accuracy, tpr, fmr } = rates(pairs, weights);
    return [
      ...[accuracy, tpr, fmr, expectedCalibrationError(pairs, weights), logLoss(pairs, weights)],
      ...FALSE_MATCH_RATES.map((rate) => truePositivesAt(roc, rate)),
    ];
  };
  const ones = new Float64Array(pairs.length).fill(1);
  const values = of(ones);
  const [, tpr = 0, fmr = 0, ece = 0] = values;
  const drawn = drawClusters(
    pairs.map(({ clusters }) => clusters),
    of,
  );
  const genuine = pairs.filter(({ same }) => same);
  const strangers = pairs.filter(({ same }) => !same);
  const figure = (what: string, at: number, cases: number) => plainFigure(what, values[at] ?? Number.NaN, cases, middleOf(drawn[at]));
  const isVerified = ({ match }: ScoredPair) => match.verified;
  const isUnsure = ({ match }: ScoredPair) => hasWarning(match, 'low_confidence');
  const confidences = (some: readonly ScoredPair[]) => some.map(({ match }) => match.confidence);
  const figures: Figure[] = [
    figure('accuracy at the default threshold', 0, pairs.length),
    figureOf('true pairs verified (TPR)', genuine, isVerified),
    figureOf('strangers verified (FMR)', strangers, isVerified),
    figure('expected calibration error', 3, pairs.length),
    figure('log loss', 4, pairs.length),
    figureOf('true pairs that a person has to look at (low_confidence)', genuine, isUnsure),
    figureOf('strangers that a person has to look at', strangers, isUnsure),
    figureOf('pictures in which no face is found', pictures, ({ hasFace }) => !hasFace),
    figureOf('true pairs rejected for several faces', genuine, ({ match }) => hasWarning(match, 'multiple_faces')),
    figureOf('true pairs with a warning of low quality', genuine, ({ match }) => hasWarning(match, 'low_quality')),
    ...FALSE_MATCH_RATES.map((rate, index) => figure(`TPR by confidence alone at FMR ${rate}`, 5 + index, genuine.length)),
    plainFigure('area under the ROC, ties by midranks', areaUnderRoc(confidences(genuine), confidences(strangers)), pairs.length),
  ];
  const toJudged = (some: readonly ScoredPair[]) => some.map(({ labels, match, clusters }) => ({ labels, clusters, hit: match.verified }));
  return {
    title,
    figures,
    groups: [...breakDown('true pairs verified', toJudged(genuine)), ...breakDown('strangers verified', toJudged(strangers))],
    notes: [
      `${new Set(pairs.flatMap(({ clusters }) => clusters)).size} people; intervals by drawing people anew, because pairs share them`,
    ],
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
