import type { FaceImage } from '../adapters/vision/vision.ts';
import { matchFaces } from '../services/identity/face-match.ts';
import { type Clustered, drawClusters, middleOf } from './clusters.ts';
import { labelsOf, named } from './data-folder.ts';
import { compareGroups } from './groups.ts';
import { type Figure, figureOf, plainFigure, type Section, toFigure } from './section.ts';
import { mapAll, type Tools } from './tools.ts';
import { logLoss } from './verification-figures.ts';

interface Pair extends Clustered {
  group: string;
  match: ReturnType<typeof matchFaces>;
}

const WHAT = 'strangers of one group verified';

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
    const group = Object.values(labelsOf(row, ['file', 'age'])).join(', ');
    return { group, image, clusters: [tools.data.personOf(file)] };
  });
  const withFace = seen.filter(({ image }) => image.main !== null);
  const pairs = withFace.flatMap((a, i): Pair[] => withFace.flatMap((b, j) => (i < j && a.group === b.group ? [toPair(a, b)] : [])));
  const groups = compareGroups({ what: WHAT, column: 'group' }, pairs, ({ group }) => group);
  const worst = groups.toSorted((a, b) => b.share.value - a.share.value)[0];
  const [losses] = drawClusters(
    pairs.map(({ clusters }) => clusters),
    (weights) => [lossOf(pairs, weights)],
  );
  const figures: Figure[] = [
    figureOf(WHAT, pairs, ({ hit }) => hit),
    ...(worst ? [toFigure(`… in the worst group (${worst.group})`, worst.share)] : []),
    figureOf('not sure (low_confidence)', pairs, ({ match }) => match.warnings.includes('low_confidence')),
    plainFigure('log loss', lossOf(pairs), pairs.length, middleOf(losses)),
    figureOf('portraits in which no face is found', seen, ({ image }) => image.main === null),
  ];
  return {
    title,
    figures,
    groups,
    notes: [
      'intervals by drawing people anew, because pairs share them; of nobody verified, exact for independent pairs',
      `p: the larger one of Fisher's exact test and of one whose variance counts that pairs share people, corrected for all ${groups.length} groups (Holm)`,
      'the mean and the directions of `src/services/identity/spread.ts` may have been computed from these very portraits: `scripts/fit-faces.mjs` judges people by constants of others',
    ],
    plots: {},
    details: { verified: pairs.filter(({ hit }) => hit).map(({ group, match: { confidence } }) => ({ group, confidence })) },
  };
}

interface Portrait extends Pick<Clustered, 'clusters'> {
  group: string;
  image: FaceImage;
}

function toPair(a: Portrait, b: Portrait): Pair {
  const match = matchFaces(a.image, b.image);
  return { group: a.group, clusters: [...a.clusters, ...b.clusters], hit: match.verified, match };
}

const lossOf = (pairs: readonly Pair[], weights?: Float64Array) =>
  logLoss(
    pairs.map(({ match }) => ({ same: false, match })),
    weights,
  );
