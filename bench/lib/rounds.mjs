import { median } from './stats.mjs';

/**
 * Measures contenders in turn, round after round, so that what slows the machine for a while slows all of them. Each
 * round begins with another one.
 * @param measure answers an object of figures
 * @returns {Promise<Record<string, any>>} for each contender and figure the median and all values
 */
export async function interleave({ rounds, contenders, measure, say }) {
  const values = Object.fromEntries(contenders.map(({ name }) => [name, {}]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length];
      const figures = await measure(contender);
      say(`round ${round + 1}/${rounds} ${contender.name}: ${describe(figures)}`);
      for (const [figure, value] of Object.entries(figures)) (values[contender.name][figure] ??= []).push(value);
    }
  }
  return Object.fromEntries(Object.entries(values).map(([name, figures]) => [name, summarise(figures)]));
}

const summarise = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([figure, values]) => [figure, { median: median(values), values }]));

const describe = (figures) =>
  Object.entries(figures)
    .map(([figure, value]) => `${figure} ${round(value)}`)
    .join(', ');

export const round = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
