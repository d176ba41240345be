import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaError } from '../adapters/media/ffmpeg.ts';
import { ImageError } from '../adapters/vision/vision.ts';
import { StartupError } from '../errors.ts';
import { parseCsv, type Row } from './csv.ts';
import { check, ofRecording, type Table, tables } from './layout.ts';

/** A folder laid out as docs/quality.md describes. Any part of it may be missing. */
export interface DataFolder {
  path(file: string): string;
  has(file: string): boolean;
  read(file: string): Promise<Buffer>;
  /** Rows of a CSV file, already checked; null if there is no such file. */
  rows(file: string): Promise<Row[] | null>;
  /** Names of the files in a folder, sorted; empty if there is no such folder. */
  list(folder: string): Promise<string[]>;
}

/** Recordings that have a CSV file next to them. */
export async function listRecordings(data: DataFolder): Promise<{ video: string; labels: string }[]> {
  const listed = await data.list('video');
  return listed
    .filter((name) => /\.(webm|mp4)$/.test(name))
    .map((name) => ({ video: `video/${name}`, labels: `video/${name.replace(/\.\w+$/, '.csv')}` }))
    .filter(({ labels }) => data.has(labels));
}

/** Mistakes that are listed before the rest is only counted. */
const MOST_TOLD = 20;

/**
 * Opens a folder after checking that all labels can be read and all files exist.
 * @throws StartupError with one line per mistake: its file, line and column
 */
export async function openDataFolder(root: string): Promise<DataFolder> {
  const path = (file: string) => join(root, file);
  const has = (file: string) => existsSync(path(file));
  const data: DataFolder = {
    path,
    has,
    read: (file) => readFile(path(file)),
    rows: async (file) => (has(file) ? parseCsv(await readFile(path(file), 'utf8')).map(({ row }) => row) : null),
    list: async (folder) => (has(folder) ? (await readdir(path(folder))).sort() : []),
  };
  const recordings = await listRecordings(data);
  const present = [...Object.entries(tables), ...recordings.map(({ labels }) => [labels, ofRecording] as const)].filter(([file]) =>
    has(file),
  );
  const wrong: string[] = [];
  for (const [file, table] of present) {
    const text = await readFile(path(file), 'utf8');
    wrong.push(...mistakesIn(text, table, has).map((what) => `${file}: ${what}`));
  }
  if (wrong.length > MOST_TOLD) wrong.splice(MOST_TOLD, Infinity, `and ${wrong.length - MOST_TOLD} more`);
  if (wrong.length > 0) throw new StartupError(wrong.join('\n'));
  return data;
}

function mistakesIn(text: string, table: Table, has: DataFolder['has']): string[] {
  try {
    return check(parseCsv(text), table, has);
  } catch (error) {
    if (error instanceof StartupError) return [error.message];
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
  Object.fromEntries(Object.entries(row).filter(([column, value]) => !own.includes(column) && value !== ''));
