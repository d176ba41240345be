import type { FaceImage } from '../adapters/vision/vision.ts';
import { matchFaces } from '../services/identity/face-match.ts';
import { labelsOf, named } from './data-folder.ts';
import { type Figure, type GroupFigure, plainFigure, type Section, toFigure } from './section.ts';
import { bootstrapByPerson, shareOf } from './statistics.ts';
import { mapAll, type Tools } from './tools.ts';
import { logLoss } from './verification-figures.ts';

interface Pair {
  people: [number, number];
  group: string;
  match: ReturnType<typeof matchFaces>;
}

const WHAT = 'strangers of one group verified';
const isVerified = ({ match }: Pair) => match.verified;
const verifiedOf = (pairs: readonly Pair[]) => shareOf(pairs, isVerified);

/**
 * `groups/labels.csv`: `file`, one portrait per person, and any columns: people who agree in all of them but `age` are a group. Every
 * pair of a group is of two strangers, who look more alike than strangers at random. Without the file the section of the verification says so.
 */
export async function evaluateGroupStrangers(tools: Tools): Promise<Section | []> {
  const title = 'Strangers of one group';
  const rows = await tools.data.rows('groups/labels.csv');
  if (!rows) return [];
  const seen = await mapAll(rows, tools, async (row) => {
    const file = `groups/${row['file']}`;
    const image = await named(file, tools.vision.readFaceImage(await tools.data.read(file)));
    return { group: Object.values(labelsOf(row, ['file', 'age'])).join(', '), image };
  });
  const withFace = seen.filter(({ image }) => image.main !== null);
  const pairs = withFace.flatMap((a, i): Pair[] =>
    withFace.flatMap((b, j) => (i < j && a.group === b.group ? [toPair(a.image, b.image, [i, j], a.group)] : [])),
  );
  const groups = [...new Set(pairs.map(({ group }) => group))].map((group) => {
    const own = pairs.filter((pair) => pair.group === group);
    return { group, share: verifiedOf(own), interval: intervalOf(own) };
  });
  const worst = groups.toSorted((a, b) => b.share.value - a.share.value)[0];
  const all = verifiedOf(pairs);
  const figures: Figure[] = [
    plainFigure(WHAT, all.value, all.of, intervalOf(pairs)),
    ...(worst ? [plainFigure(`… in the worst group (${worst.group})`, worst.share.value, worst.share.of, worst.interval)] : []),
    toFigure(
      'not sure (low_confidence)',
      shareOf(pairs, ({ match }) => match.warnings.includes('low_confidence')),
    ),
    plainFigure('log loss', logLoss(pairs.map(({ match }) => ({ same: false, match }))), pairs.length),
    toFigure(
      'portraits in which no face is found',
      shareOf(seen, ({ image }) => image.main === null),
    ),
  ];
  return {
    title,
    figures,
    groups: groups.map(({ group, share, interval }): GroupFigure => {
      const told = { ...share, ...interval };
      return { column: 'group', group, what: WHAT, share: told, difference: null };
    }),
    notes: [
      'intervals by drawing people anew, because pairs share them; of nobody verified, exact for independent pairs',
      'the mean and the directions of `src/services/identity/spread.ts` may have been computed from these very portraits: `scripts/fit-faces.mjs` judges people by constants of others',
    ],
    plots: {},
    details: { verified: pairs.filter(isVerified).map(({ group, match: { confidence } }) => ({ group, confidence })) },
  };
}

const toPair = (a: FaceImage, b: FaceImage, people: [number, number], group: string): Pair => ({ people, group, match: matchFaces(a, b) });

/** Rule of Clopper and Pearson for none of n: the upper end is 1 − .025^(1/n). */
function intervalOf(pairs: readonly Pair[]): { low: number; high: number } {
  if (!pairs.some(isVerified)) return { low: 0, high: 1 - 0.025 ** (1 / pairs.length) };
  const numbers = new Map<number, number>();
  const numberOf = (person: number) => {
    const number = numbers.get(person) ?? numbers.size;
    numbers.set(person, number);
    return number;
  };
  const people = pairs.map(({ people: [a, b] }) => [numberOf(a), numberOf(b)] as const);
  const [interval = { low: Number.NaN, high: Number.NaN }] = bootstrapByPerson(people, (weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const verified = pairs.reduce((sum, pair, i) => sum + (isVerified(pair) ? (weights[i] ?? 0) : 0), 0);
    return [verified / total];
  });
  return interval;
}
