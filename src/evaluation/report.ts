import type { GroupFigure } from './groups.ts';
import type { Figure, Section, Skipped } from './section.ts';

const number = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(4));
const range = ({ low, high }: { low: number; high: number }) => (Number.isNaN(low) ? '' : `${number(low)} – ${number(high)}`);

const pad = (rows: readonly string[][]): string[] => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
};

const figureRow = (figure: Figure) => [figure.what, number(figure.value), range(figure), String(figure.of)];

/** A difference with a corrected p below this is marked: it is hardly chance. */
const CLEAR = 0.05;

function groupRow({ column, group, what, share, difference }: GroupFigure): string[] {
  const isClear = difference !== null && difference.p < CLEAR;
  const against = difference
    ? `${difference.value >= 0 ? '+' : ''}${number(difference.value)} (${range(difference)}), p ${difference.p.toFixed(3)}${isClear ? ' *' : ''}`
    : '';
  return [`${what}, ${column} ${group}`, number(share.value), range(share), String(share.of), against];
}

/** Tables for a person to read. */
export function printReport(sections: readonly (Section | Skipped)[]): string {
  return sections
    .map((section) => {
      if ('missing' in section) return `${section.title}\n  not measured: the folder has no ${section.missing}\n`;
      const tables = [
        ...pad([['', 'value', '95 % interval', 'of'], ...section.figures.map(figureRow)]),
        ...(section.groups.length > 0
          ? ['', ...pad([['by group', 'value', '95 % interval', 'of', 'against the others'], ...section.groups.map(groupRow)])]
          : []),
        ...section.notes.map((note) => `  (${note})`),
      ];
      return `${section.title}\n${tables.join('\n')}\n`;
    })
    .join('\n');
}

/** Everything but the plots. NaN, which JSON does not have, becomes null. */
export function toJson(header: object, sections: readonly (Section | Skipped)[]): string {
  const parts = sections.map((section) => ('missing' in section ? section : { ...section, plots: Object.keys(section.plots) }));
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1e6) / 1e6 : value;
  return `${JSON.stringify({ ...header, sections: parts }, rounded, 2)}\n`;
}
