import type { FaceImage } from '../adapters/vision/vision.ts';
import { matchFaces, MIN_CONFIDENCE } from '../services/identity/face-match.ts';
import { clusteredShare } from './clusters.ts';
import { type Degradation, degradeImage } from './degrade-image.ts';
import { type Figure, figureOf, type Section, toFigure } from './section.ts';
import type { Bar } from './svg-bars.ts';
import { mapAll, type Tools } from './tools.ts';
import type { ScoredPair } from './verification-figures.ts';

export const DEGRADATIONS_TITLE = 'Verification of a degraded picture';

const LEVELS: readonly Degradation[] = [
  ...[1, 2, 3].map((amount) => ({ kind: 'blur' as const, amount })),
  ...[0.3, 0.15, 0.08].map((amount) => ({ kind: 'dark' as const, amount })),
  ...[125, 100, 75, 50].map((amount) => ({ kind: 'small' as const, amount })),
  ...[40, 20, 10].map((amount) => ({ kind: 'jpeg' as const, amount })),
  ...[15, 30, 60].map((amount) => ({ kind: 'turned' as const, amount })),
  { kind: 'mirrored', amount: 1 },
];

/** If both pictures are degraded, these levels are enough. */
const WORST: Partial<Record<Degradation['kind'], number>> = { blur: 3, dark: 0.08, small: 50, jpeg: 10, turned: 60 };

/** Every picture is read at every level, which takes most of the time. */
const MOST_PICTURES = 100;

/** The reference stays unchanged; the other picture of each pair is degraded. */
export async function measureDegradations(
  pairs: readonly ScoredPair[],
  faces: ReadonlyMap<string, FaceImage>,
  tools: Tools,
): Promise<Omit<Section, 'title' | 'plots'> & { bars: Bar[] }> {
  const candidates = [...new Set(pairs.map(({ b }) => b))];
  const step = Math.max(1, candidates.length / MOST_PICTURES);
  const chosen = candidates.filter((_file, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  const some = pairs.filter(({ b }) => chosen.includes(b));
  const looks = LEVELS.flatMap((level) => chosen.map((file) => ({ level, file })));
  const read = await mapAll(looks, tools, async ({ level, file }) =>
    tools.vision.readFaceImage(await degradeImage(await tools.data.read(file), level)),
  );
  const worseAt = (level: Degradation) => {
    const found = looks.flatMap((look, index) => (look.level === level ? [[look.file, read[index] as FaceImage] as const] : []));
    return new Map(found);
  };
  const asItIs = new Map(chosen.map((file) => [file, faces.get(file) as FaceImage]));
  const bars = [
    measure('unchanged', some, faces, asItIs),
    ...LEVELS.map((level) => measure(names[level.kind](level.amount), some, faces, worseAt(level))),
  ];
  const strangers = some.filter(({ a, same }) => !same && chosen.includes(a));
  return {
    bars,
    figures: [
      ...bars.flatMap(({ name, verified, passed, faceless, warned }) => [
        toFigure(`${name}: true pairs verified`, verified),
        toFigure(`${name}: strangers verified`, passed),
        toFigure(`${name}: no face found`, faceless),
        toFigure(`${name}: warning of low quality`, warned),
      ]),
      ...LEVELS.filter(({ kind, amount }) => WORST[kind] === amount).flatMap((level) =>
        measureBoth(names[level.kind](level.amount), strangers, worseAt(level)),
      ),
    ],
    groups: [],
    notes: [
      `${chosen.length} pictures in ${some.length} pairs; the reference is unchanged, except in the lines that begin with "both"`,
      'intervals by drawing people anew',
    ],
    details: null,
  };
}

/** Poor pictures of faces resemble each other: how many strangers would pass if two poor pictures did not block. */
function measureBoth(name: string, strangers: readonly ScoredPair[], worse: ReadonlyMap<string, FaceImage>): Figure[] {
  const matches = strangers.map(({ a, b, clusters }) => ({
    clusters,
    match: matchFaces(worse.get(a) as FaceImage, worse.get(b) as FaceImage),
  }));
  return [
    figureOf(`both ${name}: strangers confident enough`, matches, ({ match }) => match.confidence >= MIN_CONFIDENCE),
    figureOf(`both ${name}: strangers verified`, matches, ({ match }) => match.verified),
  ];
}

function measure(
  name: string,
  pairs: readonly ScoredPair[],
  faces: ReadonlyMap<string, FaceImage>,
  worse: ReadonlyMap<string, FaceImage>,
): Bar {
  const matches = pairs.map((pair) => ({
    ...pair,
    match: matchFaces(faces.get(pair.a) as FaceImage, worse.get(pair.b) as FaceImage),
  }));
  const verified = (same: boolean) =>
    clusteredShare(matches.flatMap((pair) => (pair.same === same ? [{ hit: pair.match.verified, clusters: pair.clusters }] : [])));
  const personOf = new Map(pairs.map(({ b, clusters }) => [b, clusters[1]]));
  const warned = new Set(matches.flatMap(({ b, match }) => (match.warnings.includes('low_quality_verification') ? [b] : [])));
  const pictures = (isHit: (file: string, image: FaceImage) => boolean) =>
    clusteredShare([...worse].map(([file, image]) => ({ hit: isHit(file, image), clusters: [personOf.get(file) ?? file] })));
  return {
    name,
    verified: verified(true),
    passed: verified(false),
    faceless: pictures((_file, { main }) => main === null),
    warned: pictures((file) => warned.has(file)),
  };
}

const names: Record<Degradation['kind'], (amount: number) => string> = {
  blur: (amount) => `blur σ ${amount} px`,
  dark: (amount) => `light × ${amount}`,
  small: (amount) => `${amount} px wide`,
  jpeg: (amount) => `JPEG quality ${amount}`,
  turned: (amount) => `turned ${amount}°`,
  mirrored: () => 'mirrored',
};
