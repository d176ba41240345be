/** One line of a CSV file, by column name. */
export type Row = Readonly<Record<string, string>>;

export interface Line {
  /** Counted from 1, which is the header. */
  number: number;
  row: Row;
}

/** RFC 4180, but without line breaks inside a value. */
export function parseCsv(text: string): Line[] {
  const [header, ...lines] = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '');
  const columns = cells(header?.line ?? '');
  return lines.map(({ line, number }) => {
    const values = cells(line);
    return { number, row: Object.fromEntries(columns.map((column, index) => [column, values[index] ?? ''])) };
  });
}

const cells = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? '').trim(),
  );
