import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaError } from '../adapters/media/ffmpeg.ts';
import { ImageError } from '../adapters/vision/vision.ts';
import { StartupError } from '../errors.ts';
import { type Line, parseCsv, type Row } from './csv.ts';
import { ABOUT_ROWS, type Half, isPicture, type Labelled } from './labelled.ts';
import { check, labelledRows, ofRecording, type Table, tables } from './layout.ts';
import { findLeaks } from './leaks.ts';
import { createPeople, type PersonOf } from './people.ts';
import { sha256 } from './same-photo.ts';

/** A folder laid out as docs/quality.md describes. Any part of it may be missing. */
export interface DataFolder {
  path(file: string): string;
  has(file: string): boolean;
  read(file: string): Promise<Buffer>;
  /** Rows of a CSV file, already checked, of the half that is measured; null if there are none. */
  rows(file: string): Promise<Row[] | null>;
  /** Names of the files in a folder, sorted; empty if there is no such folder. */
  list(folder: string): Promise<string[]>;
  personOf: PersonOf;
  /** The half that is measured; null if no table has a column `split`. */
  half: Half | null;
}

/** Recordings that have a CSV file next to them. */
export async function listRecordings(data: Pick<DataFolder, 'has' | 'list'>): Promise<{ video: string; labels: string }[]> {
  const listed = await data.list('video');
  return listed
    .filter((name) => /\.(webm|mp4)$/.test(name))
    .map((name) => ({ video: `video/${name}`, labels: `video/${name.replace(/\.\w+$/, '.csv')}` }))
    .filter(({ labels }) => data.has(labels));
}

/** Mistakes that are listed before the rest is only counted. */
const MOST_TOLD = 20;

/**
 * Opens a folder after checking that all labels can be read, that all files exist, and that nothing on which detectors were tuned is
 * measured as if it were new.
 * @param half what is measured where the labels have a column `split`
 * @throws StartupError with one line per mistake: its file, line and column, or the two rows that leak
 */
export async function openDataFolder(root: string, half: Half): Promise<DataFolder> {
  const path = (file: string) => join(root, file);
  const has = (file: string) => existsSync(path(file));
  const read = (file: string) => readFile(path(file));
  const list = async (folder: string) => (has(folder) ? (await readdir(path(folder))).sort() : []);
  const recordings = await listRecordings({ has, list });
  const present = [...Object.entries(tables), ...recordings.map(({ labels, video }) => [labels, ofRecording(video)] as const)].filter(
    ([file]) => has(file),
  );
  const labelled: Labelled[] = [];
  const wrong: string[] = [];
  for (const [file, table] of present) {
    const { lines, mistakes } = readLines(await readFile(path(file), 'utf8'), table, has);
    wrong.push(...mistakes.map((what) => `${file}: ${what}`));
    labelled.push(...labelledRows(file, lines, table));
  }
  refuse(wrong);
  const split = withSplitOfManifest(labelled.filter(({ files }) => files.every(has)));
  refuse(await findLeaks(split, read));
  const isSplit = split.some(({ row }) => row['split']);
  const measured = split.filter(({ row }) => !row['split'] || row['split'] === half);
  const contents = new Map<string, string>();
  for (const file of new Set(split.flatMap(({ files }) => files).filter(isPicture))) contents.set(file, sha256(await read(file)));
  return {
    path,
    has,
    read,
    list,
    rows: async (file) => {
      const rows = measured.filter(({ table }) => table === file).map(({ row }) => row);
      return rows.length > 0 ? rows : null;
    },
    personOf: createPeople(split, contents),
    half: isSplit ? half : null,
  };
}

function refuse(wrong: string[]): void {
  if (wrong.length > MOST_TOLD) wrong.splice(MOST_TOLD, Infinity, `and ${wrong.length - MOST_TOLD} more`);
  if (wrong.length > 0) throw new StartupError(wrong.join('\n'));
}

/** `manifest.csv` may say for all files on which side they are. */
function withSplitOfManifest(labelled: readonly Labelled[]): Labelled[] {
  const splits = new Map<string, string>();
  for (const { table, row, files } of labelled) if (table === 'manifest.csv' && row['split']) splits.set(files[0] ?? '', row['split']);
  return labelled.map((one) => {
    const split = one.row['split'] || one.files.map((file) => splits.get(file)).find(Boolean);
    return split ? { ...one, row: { ...one.row, split } } : one;
  });
}

function readLines(text: string, table: Table, has: DataFolder['has']): { lines: Line[]; mistakes: string[] } {
  try {
    const lines = parseCsv(text);
    return { lines, mistakes: check(lines, table, has) };
  } catch (error) {
    if (error instanceof StartupError) return { lines: [], mistakes: [error.message] };
    throw error;
  }
}

/** Puts the file's name into the error if its content cannot be read. */
export async function named<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const isOfFile = error instanceof ImageError || error instanceof MediaError;
    throw isOfFile ? new StartupError(`${file}: ${error.message}`, { cause: error }) : error;
  }
}

/** The columns that no detector reads: the user's own labels of each row. */
export const labelsOf = (row: Row, own: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([column, value]) => ![...own, ...ABOUT_ROWS].includes(column) && value !== ''));
