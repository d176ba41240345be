import type { AnalysisWarning } from '../../services/analysis/episodes.ts';
import type { Sensitivity } from '../../services/analysis/sign-track.ts';
import { severityOf } from '../../services/warnings/catalogue.ts';
import { drawClusters, middleOf } from '../clusters.ts';
import { garwood } from '../exact.ts';
import { breakDown } from '../groups.ts';
import { type Figure, figureOf, plainFigure, type Section, type Skipped } from '../section.ts';
import { createRandom } from '../statistics.ts';
import type { Tools } from '../tools.ts';
import { drawRaised } from './draw-raised.ts';
import { judgeSitting, SENSITIVITIES } from './judge.ts';
import { fillPools, type Pools } from './pools.ts';
import { type Episode, EPISODES, SITTING_SECONDS, simulateSitting } from './sitting.ts';

/** What was raised in a sitting. */
interface Raised {
  file: string;
  clusters: readonly string[];
  warnings: Record<Sensitivity, AnalysisWarning[]>;
}

interface Sought extends Episode {
  clusters: readonly string[];
  /** The sensitivities at which a warning of its type overlaps it. */
  foundAt: ReadonlySet<Sensitivity>;
}

/** Seconds by which a warning may begin after the end of what it is about: a sample stands for the time to the next. */
const LATE = 2;

const HOURS = SITTING_SECONDS / 3_600;
const NOTES = [
  `simulated: nobody was filmed. Each sitting of ${SITTING_SECONDS / 60} minutes is put together, one sample per second, from what the detectors really find in labelled pictures, altered copies of them, and labelled seconds of sound; what people do, how often and for how long is assumed`,
  'left out: stillness (frozen cameras, faces like photos), black pictures, identity, moving cameras, other people’s rooms, and live watching, which has the same rule',
  'rates: exact Poisson intervals (Garwood), too narrow where one sitter raises many; the line “by drawing people anew” is not. Recall: by drawing the people or clips anew whose frames show the episode; of none or all found, exact for as many',
];

/** Warnings per honest hour, and recall of episodes, at each sensitivity: by simulated sittings through the code that judges recordings. */
export async function evaluateRaised(tools: Tools): Promise<Section | Skipped> {
  const title = 'What is raised: simulated sittings, by warning and episode';
  const pools = await fillPools(tools);
  if (!pools) return { title, missing: 'pictures of people who do nothing wrong: pairs.csv, facecount, pose or phone labels' };
  const { honest, episodes } = await raiseAll(pools, tools.onProgress);
  const rates = SENSITIVITIES.map((sensitivity) => ratesAt(sensitivity, honest));
  const recall = SENSITIVITIES.map((sensitivity) => recallAt(sensitivity, episodes));
  const byLabels = EPISODES.flatMap(({ kind }) =>
    breakDown(
      `MEDIUM: ${kind} found`,
      episodes
        .filter((episode) => episode.kind === kind)
        .map(({ labels, clusters, foundAt }) => ({ labels, clusters, hit: foundAt.has('MEDIUM') })),
    ),
  );
  return {
    title,
    figures: [...rates.flat(), ...recall.flat()],
    groups: byLabels,
    notes: [
      ...NOTES,
      `${honest.length} honest sittings of ${new Set(honest.flatMap(({ clusters }) => clusters)).size} people; ${pools.leftOut} pictures are left out, in most copies of which there is not exactly one face, while nobody labelled how many there are`,
    ],
    plots: {
      'raised.svg': drawRaised(
        SENSITIVITIES.map((sensitivity, index) => ({
          sensitivity,
          perHour: rates[index]?.[1]?.value ?? Number.NaN,
          recall: recall[index] ?? [],
        })),
        EPISODES.map(({ kind, seconds }) => `${kind}, ${seconds} s`),
      ),
    },
    details: { mostRaised: mostRaised(honest), missed: missedOf(episodes) },
  };
}

async function raiseAll(pools: Pools, onProgress: Tools['onProgress']): Promise<{ honest: Raised[]; episodes: Sought[] }> {
  const honest: Raised[] = [];
  const episodes: Sought[] = [];
  for (const [number, sitter] of pools.sitters.entries()) {
    const quiet = simulateSitting(pools, { sitter, isHonest: true, number, random: createRandom(2 * number) });
    honest.push({ file: sitter.file, clusters: [sitter.cluster], warnings: await judgeSitting(quiet) });
    const other = simulateSitting(pools, { sitter, isHonest: false, number, random: createRandom(2 * number + 1) });
    const warnings = await judgeSitting(other);
    for (const episode of other.episodes) {
      const isOf = ({ type, startSeconds, endSeconds }: AnalysisWarning) =>
        type === episode.type && startSeconds <= episode.to + LATE && endSeconds >= episode.from;
      const foundAt = new Set(SENSITIVITIES.filter((sensitivity) => warnings[sensitivity].some(isOf)));
      episodes.push({ ...episode, clusters: [episode.cluster], foundAt });
    }
    onProgress(number + 1, pools.sitters.length);
  }
  return { honest, episodes };
}

const isAboveLow = ({ type }: AnalysisWarning) => !['INFO', 'LOW'].includes(severityOf(type, 'ANALYSIS'));

/** Warnings per honest hour: all, those above LOW, and by type. */
function ratesAt(sensitivity: Sensitivity, honest: readonly Raised[]): Figure[] {
  const hours = honest.length * HOURS;
  const counts = (counted: (warning: AnalysisWarning) => boolean) =>
    honest.map(({ warnings }) => warnings[sensitivity].filter(counted).length);
  const rate = (what: string, counted: (warning: AnalysisWarning) => boolean): Figure => {
    const count = counts(counted).reduce((sum, value) => sum + value, 0);
    const { low, high } = garwood(count);
    return plainFigure(`${sensitivity}: ${what} per honest hour`, count / hours, hours, { low: low / hours, high: high / hours });
  };
  const aboveLow = counts(isAboveLow);
  const [drawn] = drawClusters(
    honest.map(({ clusters }) => clusters),
    (weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return [aboveLow.reduce((sum, count, index) => sum + count * (weights[index] ?? 0), 0) / (total * HOURS)];
    },
  );
  const all = rate('warnings', () => true);
  const serious = rate('warnings above LOW', isAboveLow);
  return [
    all,
    serious,
    { ...serious, what: `${serious.what}, by drawing people anew`, ...middleOf(drawn) },
    ...[...new Set(EPISODES.map(({ type }) => type))].map((name) => rate(name, ({ type }) => type === name)),
    figureOf(`${sensitivity}: honest sittings with a warning above LOW`, honest, ({ warnings }) => warnings[sensitivity].some(isAboveLow)),
  ];
}

/** One figure per kind of episode, also for those that the labels do not show. */
const recallAt = (sensitivity: Sensitivity, episodes: readonly Sought[]): Figure[] =>
  EPISODES.map(({ kind, seconds }) =>
    figureOf(
      `${sensitivity}: found of ${kind}, ${seconds} s`,
      episodes.filter((episode) => episode.kind === kind),
      ({ foundAt }) => foundAt.has(sensitivity),
    ),
  );

/** The pictures whose sittings raised most above LOW, to look at. */
const mostRaised = (honest: readonly Raised[]) =>
  honest
    .map(({ file, warnings }) => ({ file, MEDIUM: warnings.MEDIUM.filter(isAboveLow).map(({ type }) => type) }))
    .filter(({ MEDIUM }) => MEDIUM.length > 0)
    .toSorted((a, b) => b.MEDIUM.length - a.MEDIUM.length);

/** How often each source was missed at MEDIUM. */
function missedOf(episodes: readonly Sought[]): { kind: string; cluster: string; missed: number; of: number }[] {
  const sources = new Map<string, { kind: string; cluster: string; missed: number; of: number }>();
  for (const { kind, cluster, foundAt } of episodes) {
    const source = sources.get(`${kind} ${cluster}`) ?? { kind, cluster, missed: 0, of: 0 };
    source.of += 1;
    source.missed += foundAt.has('MEDIUM') ? 0 : 1;
    sources.set(`${kind} ${cluster}`, source);
  }
  return [...sources.values()].filter(({ missed }) => missed > 0);
}
