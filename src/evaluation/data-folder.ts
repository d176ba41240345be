import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One line of a CSV by the names in its header. */
export type Row = Readonly<Record<string, string>>;

/** A folder laid out as docs/quality.md describes: any part of it may be absent. */
export interface DataFolder {
  path(file: string): string;
  has(file: string): boolean;
  read(file: string): Promise<Buffer>;
  /** Rows of a CSV; null where there is none. @throws Error naming the file and the columns that it lacks */
  rows(file: string, columns: readonly string[]): Promise<Row[] | null>;
  /** Names of the files in a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
}

export function openDataFolder(root: string): DataFolder {
  const path = (file: string) => join(root, file);
  const has = (file: string) => existsSync(path(file));
  return {
    path,
    has,
    read: (file) => readFile(path(file)),
    async rows(file, columns) {
      if (!has(file)) return null;
      const rows = parseCsv(await readFile(path(file), 'utf8'));
      const lacking = columns.filter((column) => rows[0] && !(column in rows[0]));
      if (lacking.length > 0) throw new Error(`${file} has no column ${lacking.join(', ')}`);
      return rows;
    },
    list: async (folder) => (has(folder) ? (await readdir(path(folder))).sort() : []),
  };
}

/** RFC 4180, without line breaks in a value. */
function parseCsv(text: string): Row[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = cells(header);
  return lines.map((line) => {
    const values = cells(line);
    return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']));
  });
}

const cells = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? '').trim(),
  );

/** The columns that a detector does not read itself: what a user's own data tells of each row. */
export const labelsOf = (row: Row, own: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([column, value]) => !own.includes(column) && value !== ''));
