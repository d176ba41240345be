/** As reports do: what a spreadsheet would take for a formula is made text. */
const FORMULAS = /(^|[;\t\r\n])([\p{Cf}\p{Zs}"]*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/gu;
const cellOf = (value: string) => {
  const text = value.replaceAll(FORMULAS, "$1$2'");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** CSV (RFC 4180) with the mark by which spreadsheets know UTF-8. */
export const csvOf = (rows: readonly (readonly string[])[]): Blob =>
  new Blob(['\uFEFF', rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('')], { type: 'text/csv;charset=utf-8' });

/** A file's name of a title in any script. */
export const fileNameOf = (title: string, what: string, ending: string): string => {
  const words = title
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 60)
    .replaceAll(/^-|-$/g, '');
  return `${[words, what].filter(Boolean).join('-')}.${ending}`;
};
