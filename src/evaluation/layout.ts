import { join } from 'node:path';
import type { Line, Row } from './csv.ts';
import { HALVES, type Labelled } from './labelled.ts';

/** What is wrong with a value; nothing if it is valid. */
type Rule = (value: string, has: (file: string) => boolean) => string | undefined | false;

/** A misread label makes a figure wrong without anybody noticing, so only known values are accepted. */
const oneOf =
  (...values: string[]): Rule =>
  (value) =>
    !values.includes(value) && `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
const flag = oneOf('0', '1');
const flagOrUnknown: Rule = (value) => value !== '' && !['0', '1'].includes(value) && 'must be 0, 1 or empty';
const seconds: Rule = (value) => !/^\d+(\.\d+)?$/.test(value) && 'must be a number of seconds';
const given: Rule = (value) => value === '' && 'is missing';
const fileIn =
  (folder: string): Rule =>
  (value, has) =>
    (value === '' && 'is missing') || (!has(join(folder, value)) && 'does not exist');

const half = oneOf(...HALVES);

export interface Table {
  columns: Record<string, Rule>;
  /** The files below the folder that a row is about. */
  files(row: Row): string[];
  /** Columns that may be absent. */
  optional?: Record<string, Rule>;
}

/** Sound that `audio/labels.csv` is about if its rows name none. */
const DEFAULT_SOUND = 'speech_noise_mix.ogg';
export const soundOf = ({ file = DEFAULT_SOUND }: Row) => `audio/${file}`;

const fileBelow = (folder: string) => (row: Row) => (row['file'] ? [join(folder, row['file'])] : []);

/** By file below the folder, as docs/quality.md describes. */
export const tables: Record<string, Table> = {
  'pairs.csv': { columns: { a: fileIn('.'), b: fileIn('.'), same: flag }, files: ({ a = '', b = '' }) => [a, b] },
  'verify/labels.csv': { columns: { file: given }, files: fileBelow('.') },
  'groups/labels.csv': { columns: { file: fileIn('groups') }, files: fileBelow('groups') },
  'facecount/labels.csv': { columns: { file: fileIn('facecount'), class: oneOf('0', '1', '2+') }, files: fileBelow('facecount') },
  'phone/labels.csv': { columns: { file: fileIn('phone'), phone: flag }, files: fileBelow('phone') },
  'pose/labels.csv': { columns: { file: fileIn('pose'), label: oneOf('away', 'frontal') }, files: fileBelow('pose') },
  'audio/labels.csv': {
    columns: { t0: seconds, t1: seconds, speech: flag },
    optional: { file: fileIn('audio') },
    files: (row) => [soundOf(row)],
  },
  'video/real_gaze.csv': { columns: { file: fileIn('video'), t0: seconds, t1: seconds, gaze: given }, files: fileBelow('video') },
  'manifest.csv': { columns: {}, files: fileBelow('.') },
};
/** For a whole recording, `video/NAME.csv`. */
export const ofRecording = (video: string): Table => ({
  columns: { t0: seconds, t1: seconds, faces: (value) => !/^\d+$/.test(value) && 'must be a whole number' },
  optional: { phone: flagOrUnknown, looking_away: flagOrUnknown, talking: flagOrUnknown },
  files: () => [video],
});

/** What is wrong, with line and column. */
export function check(
  lines: readonly Line[],
  { columns, optional = {} }: Pick<Table, 'columns' | 'optional'>,
  has: (file: string) => boolean,
): string[] {
  const [first] = lines;
  if (!first) return ['has no rows'];
  const lacking = Object.keys(columns).filter((column) => !(column in first.row));
  if (lacking.length > 0) return [`has no column ${lacking.join(', ')}`];
  const rules = Object.entries({ ...columns, ...optional, split: half });
  return lines.flatMap(({ number, row }) =>
    rules.flatMap(([column, rule]) => {
      const value = row[column];
      const issue = value !== undefined && rule(value, has);
      return issue ? [`line ${number}, ${column} "${value}" ${issue}`] : [];
    }),
  );
}

/** The rows of a table that has no mistakes. */
export const labelledRows = (table: string, lines: readonly Line[], { files }: Table): Labelled[] =>
  lines.map(({ number, row }) => {
    const those = files(row);
    const clip = row['clip'];
    return { table, line: number, row, files: those, clips: clip ? [clip] : those };
  });
