import type { LookFor } from '../adapters/vision/vision.ts';
import { PHONE_SURE } from '../services/analysis/judge-webcam.ts';
import { scoreLookingAway } from '../services/analysis/looking-away.ts';
import { labelsOf, named } from './data-folder.ts';
import { breakDown } from './groups.ts';
import { awayFigures, figureOf, type Section, type Skipped } from './section.ts';
import { mapAll, type Tools } from './tools.ts';

const CLASSES = ['0', '1', '2+'];
const classOf = (count: number) => (count >= 2 ? '2+' : String(count));

async function observe(file: string, look: LookFor, { data, vision }: Tools) {
  return (await named(file, vision.observeImage(await data.read(file), look))).observation;
}

/** `facecount/labels.csv`: `file`, and `class`, which is 0, 1 or 2+. Pictures are analysed like snapshots. */
export async function evaluateFaceCount(tools: Tools): Promise<Section | Skipped> {
  const title = 'Faces: none, one, several';
  const rows = await tools.data.rows('facecount/labels.csv');
  if (!rows) return { title, missing: 'facecount/labels.csv (file, class) with its pictures' };
  const seen = await mapAll(rows, tools, async (row) => {
    const { faces } = await observe(`facecount/${row['file']}`, { phones: false }, tools);
    return {
      file: row['file'],
      clusters: [tools.data.personOf(`facecount/${row['file']}`)],
      truth: row['class'] ?? '',
      found: classOf(faces.length),
      labels: labelsOf(row, ['file', 'class', 'faces']),
    };
  });
  return {
    title,
    figures: [
      figureOf('counted correctly', seen, ({ truth, found }) => truth === found),
      ...CLASSES.map((name) =>
        figureOf(
          `${name} faces, counted correctly`,
          seen.filter(({ truth }) => truth === name),
          ({ found }) => found === name,
        ),
      ),
    ],
    groups: breakDown(
      'counted correctly',
      seen.map(({ labels, clusters, truth, found }) => ({ labels, clusters, hit: truth === found })),
    ),
    notes: [],
    plots: {},
    details: {
      /** Rows are the truth, columns what was found; both in the order 0, 1, 2+. */
      confusion: CLASSES.map((truth) => CLASSES.map((found) => seen.filter((one) => one.truth === truth && one.found === found).length)),
      mistaken: seen.filter(({ truth, found }) => truth !== found).map(({ file, truth, found }) => ({ file, truth, found })),
    },
  };
}

/** `phone/labels.csv`: `file` and `phone`, 0 or 1; `kind` and others are groups. The verification's portraits serve as pictures without a phone. */
export async function evaluatePhones(tools: Tools): Promise<Section | Skipped> {
  const title = 'Phones, frame by frame';
  const rows = await tools.data.rows('phone/labels.csv');
  if (!rows) return { title, missing: 'phone/labels.csv (file, phone) with its pictures' };
  const portraits = [...new Set((await tools.data.rows('pairs.csv'))?.flatMap(({ a = '', b = '' }) => [a, b]))];
  const pictures = [
    ...rows.map((row) => ({ file: `phone/${row['file']}`, hasPhone: row['phone'] === '1', labels: labelsOf(row, ['file', 'phone']) })),
    ...portraits.map((file) => ({ file, hasPhone: null, labels: {} })),
  ];
  const seen = await mapAll(pictures, tools, async (picture) => {
    const { phones } = await observe(picture.file, { phones: true }, tools);
    const score = phones[0]?.score ?? 0;
    return { ...picture, clusters: [tools.data.personOf(picture.file)], score, isSeen: score >= PHONE_SURE };
  });
  const those = (hasPhone: boolean | null) => seen.filter((one) => one.hasPhone === hasPhone);
  const isSeen = (one: { isSeen: boolean }) => one.isSeen;
  const without = [...those(false), ...those(null)];
  const toJudged = (some: typeof seen) => some.map(({ labels, clusters, isSeen: hit }) => ({ labels, clusters, hit }));
  return {
    title,
    figures: [
      figureOf('phones seen', those(true), isSeen),
      figureOf('seen where there is none', those(false), isSeen),
      figureOf('seen where there is none, including the verification portraits', without, isSeen),
    ],
    groups: [...breakDown('phones seen', toJudged(those(true))), ...breakDown('seen where there is none', toJudged(those(false)))],
    notes: ['in a recording a phone becomes an episode only after consecutive samples; these are single frames'],
    plots: {},
    details: {
      missed: those(true)
        .filter((one) => !one.isSeen)
        .map(({ file, score }) => ({ file, score })),
      seenInVain: without.filter(isSeen).map(({ file, score }) => ({ file, score })),
    },
  };
}

/** `pose/labels.csv`: `file` and `label`, away or frontal. Only the head is judged: the eyes need a session to compare with. */
export async function evaluatePoses(tools: Tools): Promise<Section | Skipped> {
  const title = 'Head turned away';
  const rows = await tools.data.rows('pose/labels.csv');
  if (!rows) return { title, missing: 'pose/labels.csv (file, label) with its pictures' };
  const seen = await mapAll(rows, tools, async (row) => {
    const { faces } = await observe(`pose/${row['file']}`, { phones: false }, tools);
    const [score = 0] = scoreLookingAway([faces[0] ?? null]);
    return {
      file: row['file'],
      clusters: [tools.data.personOf(`pose/${row['file']}`)],
      isAway: row['label'] === 'away',
      isJudgedAway: score > 0,
      labels: labelsOf(row, ['file', 'label']),
    };
  });
  const judged = seen.map(({ labels, clusters, isAway, isJudgedAway }) => ({ labels, clusters, hit: isAway === isJudgedAway }));
  return {
    title,
    figures: awayFigures(seen, 'frontal'),
    groups: breakDown('classified correctly', judged),
    notes: [],
    plots: {},
    details: {
      mistaken: seen.filter(({ isAway, isJudgedAway }) => isAway !== isJudgedAway).map(({ file }) => file),
    },
  };
}
