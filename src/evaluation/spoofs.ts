import { openSpoofNets, type SpoofScores } from '../adapters/vision/local/spoof-nets.ts';
import { drawClusters, middleOf } from './clusters.ts';
import { named } from './data-folder.ts';
import { degradeImage } from './degrade-image.ts';
import { areaUnderRoc } from './exact.ts';
import { type Figure, figureOf, plainFigure, type Section, type Skipped } from './section.ts';
import { simulatePrintPhoto, simulateScreenPhoto } from './simulate-spoof.ts';
import { mapAll, type Tools } from './tools.ts';

const NETS = ['antispoof', 'liveness'] as const;

/** Share of genuine photos that a threshold may flag. */
const FALSE_ALARMS = 0.01;
const MOST_PICTURES = 50;

const changes: Record<string, (image: Uint8Array) => Promise<Uint8Array>> = {
  'genuine in half the light': (image) => degradeImage(image, { kind: 'dark', amount: 0.5 }),
  'a photo of a screen': simulateScreenPhoto,
  'a photo of a print': simulatePrintPhoto,
};

/**
 * Whether the nets for spoofs and for liveness are reliable. The data has no real photos of screens, so they are simulated
 * from the portraits; a folder `spoof/` (JPEG, PNG, WebP) adds real ones.
 */
export async function evaluateSpoofs(tools: Tools): Promise<Section | Skipped> {
  const title = 'Nets for spoofs (measured, not used)';
  const rows = await tools.data.rows('pairs.csv');
  if (!rows) return { title, missing: 'pairs.csv with its pictures' };
  const files = [...new Set(rows.map(({ a = '' }) => a))];
  const step = Math.max(1, files.length / MOST_PICTURES);
  const chosen = files.filter((_file, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  const brought = (await tools.data.list('spoof')).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
  const looks = [
    ...chosen.map((file) => ({ kind: 'genuine', file })),
    ...Object.keys(changes).flatMap((kind) => chosen.map((file) => ({ kind, file }))),
    ...brought.map((name) => ({ kind: 'from the folder spoof', file: `spoof/${name}` })),
  ];
  const scoreFace = await openSpoofNets();
  const scored = await mapAll(looks, tools, async ({ kind, file }) => {
    const original = await tools.data.read(file);
    const image = (await changes[kind]?.(original)) ?? original;
    const { main } = await named(file, tools.vision.readFaceImage(image));
    return { kind, clusters: [tools.data.personOf(file)], scores: main ? await scoreFace(image, main.box) : null };
  });
  const of = (kind: string, net: keyof SpoofScores): Scored[] =>
    scored.flatMap((one) => (one.kind === kind && one.scores ? [{ clusters: one.clusters, score: one.scores[net] }] : []));
  const kinds = [...new Set(looks.map(({ kind }) => kind))].filter((kind) => kind !== 'genuine');
  const figures = NETS.flatMap((net) => {
    const genuine = of('genuine', net);
    const threshold = genuine.map(({ score }) => score).sort((a, b) => a - b)[Math.floor(genuine.length * FALSE_ALARMS)] ?? 0;
    const isFlagged = ({ score }: Scored) => score < threshold;
    const lines = kinds.map((kind) => [
      aucFigure(`${net}: ${kind} distinguished from ${genuine.length} genuine (area under the ROC, .5 is chance)`, genuine, of(kind, net)),
      figureOf(`${net}: ${kind} flagged`, of(kind, net), isFlagged),
    ]);
    return [[figureOf(`${net}: genuine flagged by the threshold of the next lines`, genuine, isFlagged)], ...lines].flat();
  });
  const notes = [
    'intervals by drawing people anew',
    'screens and prints are simulated; real ones are measured if the data has a folder spoof',
    'a net that distinguishes half the light from genuine reacts to light, not to spoofs',
  ];
  return { title, figures, groups: [], notes, plots: {}, details: null };
}

interface Scored {
  /** Who is in the picture. */
  clusters: readonly string[];
  score: number;
}

/** How often a genuine face scores higher than a spoofed one, with the interval by drawing people anew. */
function aucFigure(what: string, genuine: readonly Scored[], spoofed: readonly Scored[]): Figure {
  const all = [...genuine, ...spoofed];
  const scores = (some: readonly Scored[], times: (index: number) => number) =>
    some.flatMap(({ score }, index) => Array<number>(times(index)).fill(score));
  const [drawn] = drawClusters(
    all.map(({ clusters }) => clusters),
    (weights) => [
      areaUnderRoc(
        scores(genuine, (index) => weights[index] ?? 0),
        scores(spoofed, (index) => weights[genuine.length + index] ?? 0),
      ),
    ],
  );
  const once = () => 1;
  return plainFigure(what, areaUnderRoc(scores(genuine, once), scores(spoofed, once)), spoofed.length, middleOf(drawn));
}
