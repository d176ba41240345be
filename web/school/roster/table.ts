/** One line of a list; a value in quotes may go on over several lines of the file. */
export interface Line {
  /** Of the file, from 1: the one on which it begins. */
  line: number;
  cells: string[];
}

/** Spreadsheets copy with tabs, and separate by a semicolon where the comma is the decimal sign. */
const DELIMITERS = ['\t', ';', ','] as const;

/** The first of them that the line with the names of the columns has. */
export const delimiterOf = (text: string): string => {
  const [header = ''] = text.split(/[\r\n]/, 1);
  return DELIMITERS.find((one) => header.includes(one)) ?? ',';
};

/**
 * Reads CSV (RFC 4180) or what a spreadsheet copies. Lines without any value are left out.
 * @returns the lines; and the line where a quote begins that never ends, else null
 */
export function readTable(given: string): { lines: Line[]; openQuote: number | null } {
  const text = given.replace(/^\uFEFF/, '');
  const delimiter = delimiterOf(text);
  const lines: Line[] = [];
  let cells: string[] = [];
  let at = 0;
  let line = 1;
  let begins = 1;
  let openQuote: number | null = null;

  const endLine = () => {
    if (cells.some((cell) => cell !== '')) lines.push({ line: begins, cells });
    cells = [];
  };
  while (at < text.length) {
    let cell = '';
    while (text[at] === ' ') at += 1;
    if (text[at] === '"') {
      const quotedAt = line;
      at += 1;
      for (;;) {
        const end = text.indexOf('"', at);
        const part = text.slice(at, end === -1 ? undefined : end);
        cell += part;
        line += part.split('\n').length - 1;
        if (end === -1) {
          openQuote = quotedAt;
          at = text.length;
          break;
        }
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
    }
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end += 1;
    cells.push((cell + text.slice(at, end)).trim());
    at = end;
    if (text[at] === delimiter) {
      at += 1;
      if (at === text.length) cells.push('');
      continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    endLine();
    line += 1;
    begins = line;
  }
  endLine();
  return { lines, openQuote };
}
