import { describe, expect, it } from 'vitest';
import { type Clustered, clusteredShare } from '../../src/evaluation/clusters.ts';
import { areaUnderRoc, clopperPearson, fisherExact, garwood, holm, pOfNormal, pOfStudent } from '../../src/evaluation/exact.ts';
import { compareGroups } from '../../src/evaluation/groups.ts';
import { createRandom, difference, share } from '../../src/evaluation/statistics.ts';

const about = (low: number, high: number, digits = 4) => ({ low: expect.closeTo(low, digits), high: expect.closeTo(high, digits) });

describe('the intervals of shares and counts', () => {
  // Newcombe, Statistics in Medicine 17 (1998): 857-872 and 873-890, tables of examples.
  it('match the examples in the papers', () => {
    expect(share(81, 263)).toMatchObject(about(0.2553, 0.3662));
    expect(clopperPearson(81, 263)).toMatchObject(about(0.2527, 0.3676));
    expect(clopperPearson(0, 20)).toMatchObject(about(0, 0.1684));
    const between = difference(share(56, 70), share(48, 80));
    expect(between).toMatchObject({ value: expect.closeTo(0.2, 4), ...about(0.0524, 0.3339) });
  });

  it('are exact where none or all were found', () => {
    expect(share(0, 20)).toMatchObject(clopperPearson(0, 20));
    expect(share(20, 20)).toMatchObject(about(1 - 0.1684, 1));
  });

  // Garwood's limits by the quantiles of chi squared, as in tables of Poisson limits.
  it('match the tables for counts', () => {
    expect(garwood(0)).toMatchObject(about(0, 3.6889));
    expect(garwood(1)).toMatchObject(about(0.0253, 5.5716));
    expect(garwood(10)).toMatchObject(about(4.7954, 18.3904));
    expect(garwood(1_000)).toMatchObject(about(938.97, 1_063.94, 1));
  });
});

describe('the tests', () => {
  // Fisher 1935: the lady tasting tea; Holm's by hand.
  it('match worked examples', () => {
    expect(fisherExact({ hits: 3, of: 4 }, { hits: 1, of: 4 })).toBeCloseTo(0.4857, 4);
    expect(fisherExact({ hits: 4, of: 4 }, { hits: 0, of: 4 })).toBeCloseTo(0.0286, 4);
    expect(fisherExact({ hits: 0, of: 10 }, { hits: 0, of: 7 })).toBe(1);
    expect([0, 1, 1.959_964, -2.575_829, Infinity].map((z) => Math.round(pOfNormal(z) * 1e5) / 1e5)).toEqual([1, 0.31731, 0.05, 0.01, 0]);
    // Two-sided 1 % points of Student's tables.
    for (const [t, freedom] of [
      [3.169, 10],
      [2.898, 17],
      [2.678, 50],
    ] as const)
      expect(pOfStudent(t, freedom)).toBeCloseTo(0.01, 3);
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Math.round(p * 1e6) / 1e6)).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  it('count ties as a half in the area under the ROC', () => {
    expect(areaUnderRoc([1, 1], [1, 1, 1])).toBe(0.5);
    expect(areaUnderRoc([2, 1], [1, 0])).toBe(0.875);
    expect(areaUnderRoc([3], [1, 2])).toBe(1);
  });
});

/** Rows of people who are always or never found. */
const rowsOf = (people: number, rows: number, isFound: (person: number) => boolean): Clustered[] =>
  Array.from({ length: people * rows }, (_, index) => ({ hit: isFound(index % people), clusters: [`p${index % people}`] }));

describe('rows that share people', () => {
  it('get an interval as wide as for as many cases as there are people, however many rows each has', () => {
    const few = clusteredShare(rowsOf(20, 1, (person) => person < 5));
    const many = clusteredShare(rowsOf(20, 50, (person) => person < 5));
    expect(many.value).toBe(0.25);
    expect(many.high - many.low).toBeGreaterThan(0.8 * (few.high - few.low));
  });

  it('of whom none is found get the exact interval for the people, and none where there are fewer than five', () => {
    expect(clusteredShare(rowsOf(20, 50, () => false))).toMatchObject({ of: 1_000, ...clopperPearson(0, 20) });
    expect(clusteredShare(rowsOf(20, 50, () => true))).toMatchObject({ of: 1_000, ...clopperPearson(20, 20) });
    expect(clusteredShare(rowsOf(4, 50, () => true))).toMatchObject({ value: 1, low: Number.NaN, high: Number.NaN });
  });
});

describe('groups', () => {
  /** All pairs of the people of each group; `isAlike` tells which are taken for one another. */
  const pairsOf = (sizes: readonly number[], isAlike: (group: number, a: number, b: number) => boolean) =>
    sizes.flatMap((size, group) =>
      Array.from({ length: size }, (_, a) =>
        Array.from({ length: a }, (_unused, b) => ({
          group: String(group),
          hit: isAlike(group, a, b),
          clusters: [`${group} ${a}`, `${group} ${b}`],
        })),
      ).flat(),
    );
  const marked = (pairs: ReturnType<typeof pairsOf>) =>
    compareGroups({ what: 'verified', column: 'group' }, pairs, ({ group }) => group).flatMap(({ group, difference: against }) =>
      against && against.p < 0.05 ? [group] : [],
    );

  it('are told apart where many people of one are taken for one another', () => {
    const random = createRandom(5);
    const pairs = pairsOf(Array<number>(14).fill(18), (group) => random() < (group === 3 ? 0.1 : 0.005));
    expect(marked(pairs)).toEqual(['3']);
  });

  it('are not told apart because of one person who looks like everybody, nor because nobody was taken for another in some', () => {
    const hub = pairsOf(Array<number>(14).fill(18), (group, a, b) => (group === 3 && b === 0) || (group > 6 && a === 2 && b === 1));
    expect(marked(hub)).toEqual([]);
  });

  it('are hardly ever told apart if all are alike', () => {
    const random = createRandom(11);
    const wrong = Array.from({ length: 6 }, () => marked(pairsOf(Array<number>(14).fill(12), () => random() < 0.03)).length);
    expect(wrong.filter((found) => found > 0).length).toBeLessThanOrEqual(1);
  });
});
