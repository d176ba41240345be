import { round } from './rounds.mjs';

/**
 * A goal and what was reached. `atLeast` or `atMost` is the goal.
 * @param {string} what
 * @param {number} reached NaN where it could not be measured, which does not pass
 * @param {{ atLeast?: number, atMost?: number, unit?: string }} wanted
 */
export function check(what, reached, { atLeast, atMost = Number.NaN, unit = '' }) {
  const goal = atLeast === undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
  const passed = atLeast === undefined ? reached <= atMost : reached >= atLeast;
  return { what, reached: Number.isNaN(reached) ? null : round(reached), unit, goal, passed };
}

/** A ratio of medians. */
export const ratio = (figures, ours, theirs, figure) => figures[ours][figure].median / figures[theirs][figure].median;

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(
    (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')}`,
  );
}

/** The results of one benchmark as text: the medians, then the goals. */
export function print({ title, figures, checks }) {
  const names = [...new Set(Object.values(figures).flatMap(Object.keys))];
  const medians = Object.entries(figures).map(([contender, of]) => [
    contender,
    ...names.map((name) => (of[name] ? String(round(of[name].median)) : '')),
  ]);
  const goals = checks.map(({ what, reached, unit, goal, passed }) => [
    what,
    reached === null ? 'not measured' : `${reached}${unit}`,
    goal,
    passed ? 'pass' : 'FAIL',
  ]);
  const lines = [
    title,
    ...(medians.length > 0 ? table([['median', ...names], ...medians]) : []),
    ...table([['goal', 'reached', 'wanted', ''], ...goals]),
  ];
  return `\n${lines.join('\n')}\n`;
}
