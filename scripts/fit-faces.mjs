// Computes the constants by which faces are compared, and how well they do on people they were not computed from.
//   node scripts/build.mjs && node scripts/fit-faces.mjs DATA [--cache descriptors.json] [--write]
// DATA as docs/quality.md describes: pairs.csv, and groups/labels.csv with portraits of different people (file, gender, race).
// --write stores the spread of the portraits (their mean and 16 directions, nothing of a single person) in
// src/services/identity/spread.ts. The coefficients are printed; they belong into src/services/identity/face-similarity.ts.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLocalVision } from '#built/adapters/vision/local/vision-local.js';
import { parseCsv } from '#built/evaluation/csv.js';
import { createRandom } from '#built/evaluation/statistics.js';
import { identities } from '#built/evaluation/verification-figures.js';
import { projectRoot } from '#built/paths.js';
import { matchFaces } from '#built/services/identity/face-match.js';

const DIRECTIONS = 16;
const FOLDS = 8;
/** Weight of the squared coefficients, on standardised features: only against a slope without end. */
const RIDGE = 1e-5;
const DESTINATION = 'src/services/identity/spread.ts';

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const unit = (vector) => {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
};

/** @typedef {{ mean: any, directions: { direction: any, weight: number }[] }} Spread */

/** Mean, and the directions in which descriptors differ most, each with the factor that makes its spread that of the next one. @returns {Spread} */
function fitSpread(descriptors) {
  const size = descriptors[0].length;
  /** @type {any} */
  const mean = Array.from({ length: size }, (_, i) => descriptors.reduce((sum, one) => sum + one[i], 0) / descriptors.length);
  const centred = descriptors.map((one) => one.map((value, i) => value - mean[i]));
  const covariance = mean.map((_, i) => mean.map((__, j) => centred.reduce((sum, one) => sum + one[i] * one[j], 0) / centred.length));
  const random = createRandom(1);
  // Orthogonal iteration. Some more directions than are needed, so that those that are needed converge.
  let basis = Array.from({ length: 2 * DIRECTIONS }, () => mean.map(() => random() - 0.5));
  for (let round = 0; round < 60; round += 1) {
    const next = [];
    for (const direction of basis) {
      let image = covariance.map((row) => dot(row, direction));
      for (const earlier of next) {
        const along = dot(image, earlier);
        image = image.map((value, i) => value - along * earlier[i]);
      }
      next.push(unit(image));
    }
    basis = next;
  }
  /** @type {any} */
  const variances = basis.map((direction) => centred.reduce((sum, one) => sum + dot(one, direction) ** 2, 0) / centred.length);
  const directions = basis
    .slice(0, DIRECTIONS)
    .map((direction, i) => ({ direction, weight: Math.sqrt(variances[DIRECTIONS] / variances[i]) }));
  return { mean, directions };
}

function without({ mean, directions }, descriptor) {
  const own = descriptor.map((value, i) => value - mean[i]);
  const along = directions.map(({ direction, weight }) => dot(own, direction) * (1 - weight));
  return unit(own.map((value, i) => value - along.reduce((sum, length, k) => sum + length * directions[k].direction[i], 0)));
}

/** Logistic regression by Newton's method. @returns coefficients of the features, and the offset */
function fitLogistic(rows) {
  const size = rows[0].features.length;
  /** @type {any} */
  const means = Array.from({ length: size }, (_, i) => rows.reduce((sum, { features }) => sum + features[i], 0) / rows.length);
  /** @type {any} */
  const deviations = means.map((mean, i) =>
    Math.sqrt(rows.reduce((sum, { features }) => sum + (features[i] - mean) ** 2, 0) / rows.length),
  );
  /** @type {any} */
  const inputs = rows.map(({ features }) => [...features.map((value, i) => (value - means[i]) / deviations[i]), 1]);
  /** @type {any} */
  let weights = Array.from({ length: size + 1 }, () => 0);
  for (let round = 0; round < 100; round += 1) {
    /** @type {any} */
    const gradient = weights.map((weight, i) => (i < size ? RIDGE * weight : 0));
    /** @type {any} */
    const hessian = weights.map((_, i) => weights.map((__, j) => (i === j ? (i < size ? RIDGE : 0) + 1e-12 : 0)));
    rows.forEach(({ same }, n) => {
      const p = 1 / (1 + Math.exp(-dot(inputs[n], weights)));
      weights.forEach((_, i) => {
        gradient[i] += (inputs[n][i] * (p - same)) / rows.length;
        weights.forEach((__, j) => (hessian[i][j] += (inputs[n][i] * inputs[n][j] * p * (1 - p)) / rows.length));
      });
    });
    const step = solve(hessian, gradient);
    // Held back, because the first steps of Newton's method may go too far.
    const length = Math.sqrt(dot(step, step));
    weights = weights.map((weight, i) => weight - step[i] * Math.min(1, 2 / length));
    if (length < 1e-9) break;
  }
  const coefficients = means.map((_, i) => weights[i] / deviations[i]);
  return { coefficients, offset: weights[size] - dot(coefficients, means) };
}

/** Gauss's elimination; the matrix is positive definite. */
function solve(matrix, vector) {
  const rows = matrix.map((row, i) => [...row, vector[i]]);
  rows.forEach((pivot, i) => {
    rows.forEach((row, j) => {
      if (i === j) return;
      const factor = row[i] / pivot[i];
      for (let k = i; k < row.length; k += 1) row[k] -= factor * pivot[k];
    });
  });
  return rows.map((row, i) => row.at(-1) / row[i]);
}

async function describe(files, data, cache) {
  if (cache && existsSync(cache)) return JSON.parse(await readFile(cache, 'utf8'));
  const vision = createLocalVision({ workers: 1 });
  const found = {};
  try {
    for (const file of files) {
      const image = await vision.readFaceImage(await readFile(join(data, file)));
      const { main } = image;
      const embedding = main && { dlib: [...main.embedding.dlib], faceres: [...main.embedding.faceres] };
      found[file] = { ...image, main: main && { ...main, embedding } };
    }
  } finally {
    await vision.dispose();
  }
  if (cache) await writeFile(cache, JSON.stringify(found));
  return found;
}

const isBlocked = (a, b) => {
  const { warnings } = matchFaces(a, b);
  return (
    warnings.some((warning) => warning.startsWith('multiple_faces')) ||
    warnings.filter((warning) => warning.startsWith('low_quality')).length > 1
  );
};

const inLines = (text) =>
  text
    .match(/.{1,124}/g)
    .map((line) => `    '${line}',`)
    .join('\n');

/** 16-bit integers, little-endian, of numbers within −1..1. */
const packed = (values) => Buffer.from(Int16Array.from(values, (value) => Math.round(value * 32_767)).buffer).toString('base64');

async function write({ mean, directions }, portraits) {
  const text = `/* Written by scripts/fit-faces.mjs, from ${portraits} portraits of FairFace (Kärkkäinen and Joo 2021, CC BY 4.0). */

/** The mean of 128 values, then each of the directions: 16-bit integers, little-endian, in units of 1/32,767; base64. */
export const PACKED = [
${inLines(packed([...mean, ...directions.flatMap(({ direction }) => direction)]))}
].join('');

/** What is left of a descriptor's length in each direction. */
export const WEIGHTS = [${directions.map(({ weight }) => weight.toFixed(4)).join(', ')}];
`;
  await writeFile(join(projectRoot, DESTINATION), text);
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { cache: { type: 'string' }, write: { type: 'boolean' } } });
const [data] = positionals;
if (!data) throw new Error('Name the folder of the data');
const rowsOf = async (file) => parseCsv(await readFile(join(data, file), 'utf8')).map(({ row }) => row);
/** @type {{ a: any, b: any, same: number, group: string, features?: any, confidence?: any, isBlocked?: boolean }[]} */
const labelled = (await rowsOf('pairs.csv')).map(({ a, b, same }) => ({ a, b, same: Number(same), group: '' }));
const groups = new Map();
for (const row of await rowsOf('groups/labels.csv')) {
  const name = `${row.race} ${row.gender}`;
  groups.set(name, [...(groups.get(name) ?? []), row]);
}
const faces = await describe(
  [...new Set(labelled.flatMap(({ a, b }) => [a, b])), ...[...groups.values()].flat().map(({ file }) => `groups/${file}`)],
  data,
  values.cache,
);
const random = createRandom(7);
const foldOf = new Map();
const portraits = [];
const pairs = labelled.filter(({ a, b }) => faces[a].main && faces[b].main);
/** @type {any} */
const labelledAsSame = pairs.map(({ a, b, same }) => ({ a, b, same: same === 1 }));
/** @type {any} */
const people = identities(labelledAsSame);
const foldOfPerson = new Map();
people.flat().forEach((person) => foldOfPerson.has(person) || foldOfPerson.set(person, Math.floor(random() * FOLDS)));
pairs.forEach(({ a, b }, i) => {
  foldOf.set(a, foldOfPerson.get(people[i][0])).set(b, foldOfPerson.get(people[i][1]));
});
for (const [group, rows] of groups) {
  const files = rows.map(({ file }) => `groups/${file}`).filter((file) => faces[file].main);
  files.forEach((file, i) => foldOf.set(file, i % FOLDS));
  portraits.push(...files);
  files.forEach((a, i) => files.slice(i + 1).forEach((b) => pairs.push({ a, b, same: 0, group })));
}

const descriptorOf = (file) => faces[file].main.embedding.dlib;
const similarFaceres = ({ a, b }) => dot(faces[a].main.embedding.faceres, faces[b].main.embedding.faceres);
function featuresBy(spread) {
  const known = new Map();
  const own = (file) => {
    if (!known.has(file)) known.set(file, without(spread, descriptorOf(file)));
    return known.get(file);
  };
  return (pair) => [dot(own(pair.a), own(pair.b)), similarFaceres(pair)];
}

/** Confidences, and features of the strangers of the groups, by constants that were computed without both people of the pair. */
for (let i = 0; i < FOLDS; i += 1) {
  for (let j = i; j < FOLDS; j += 1) {
    const isApart = (file) => foldOf.get(file) === i || foldOf.get(file) === j;
    const features = featuresBy(fitSpread(portraits.filter((file) => !isApart(file)).map(descriptorOf)));
    const training = pairs.filter(({ a, b }) => !isApart(a) && !isApart(b)).map((pair) => ({ features: features(pair), same: pair.same }));
    const { coefficients, offset } = fitLogistic(training);
    for (const pair of pairs) {
      const [low, high] = [foldOf.get(pair.a), foldOf.get(pair.b)].sort((x, y) => x - y);
      if (low !== i || high !== j) continue;
      pair.features = features(pair);
      pair.confidence = 1 / (1 + Math.exp(-dot(coefficients, pair.features) - offset));
    }
  }
}
const share = (some, is) => some.filter(is).length / some.length;
const isTrue = ({ same }) => same === 1;
const [known, strangers] = [pairs.filter(({ group }) => group === ''), pairs.filter(({ group }) => group !== '')];
for (const pair of pairs) pair.isBlocked = isBlocked(faces[pair.a], faces[pair.b]);
console.log(`kept apart, ${known.length} pairs and ${strangers.length} strangers of one group:`);
for (const threshold of [0.05, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
  const isVerified = (pair) => pair.confidence >= threshold && !pair.isBlocked;
  const byGroup = [...groups.keys()].map((name) => ({
    name,
    rate: share(
      strangers.filter(({ group }) => group === name),
      isVerified,
    ),
  }));
  const worst = byGroup.toSorted((x, y) => y.rate - x.rate);
  const figures = {
    threshold,
    TPR: share(known.filter(isTrue), isVerified),
    belowTrue: share(known.filter(isTrue), ({ confidence }) => confidence < threshold),
    FMR: share(
      known.filter((pair) => !isTrue(pair)),
      isVerified,
    ),
    accuracy: share(known, (pair) => isVerified(pair) === isTrue(pair)),
    groups: share(strangers, isVerified),
    worst: worst.slice(0, 3).map(({ name, rate }) => `${name} ${rate.toFixed(4)}`),
  };
  console.log(JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value)));
}
const loss = (some) => some.reduce((sum, { same, confidence: c }) => sum - Math.log(Math.max(5e-4, same ? c : 1 - c)), 0) / some.length;
console.log('log loss', loss(known).toFixed(4), 'of groups', loss(strangers).toFixed(4));

// The strangers keep the features of before: the full spread was computed from them and would flatter.
const spread = fitSpread(portraits.map(descriptorOf));
const features = featuresBy(spread);
for (const pair of known) pair.features = features(pair);
const { coefficients, offset } = fitLogistic(pairs);
console.log('coefficients', coefficients, 'offset', offset);
const median = (some) => some.toSorted((x, y) => x - y)[Math.floor(some.length / 2)];
console.log('median of strangers', median(known.filter((pair) => !isTrue(pair)).map((pair) => dot(coefficients, pair.features) + offset)));
if (values.write) await write(spread, portraits.length);
