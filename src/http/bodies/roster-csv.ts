import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse';
import { AppError, invalidField } from '../../errors.ts';

const COLUMNS = ['userId', 'name', 'extraMinutes', 'group', 'referenceImage'] as const;
/** Spreadsheets separate by a semicolon where the comma is the decimal sign. */
const DELIMITERS = [',', ';', '\t'];

const named = (column: string) => COLUMNS.find((known) => known.toLowerCase() === column.toLowerCase()) ?? column;

/** Columns of a line: more are none of a list of participants. Each costs memory. */
const MOST_COLUMNS = 64;
/** One more than an invitation takes, so that its rule refuses the list. */
const MOST_ROWS = 5_001;
/** Parsed at once: a few milliseconds. */
const SLICE_BYTES = 16 * 1024;
/** In bytes: a line with a reference picture of 10 MB in base64. */
const LONGEST_LINE = 14_500_000;
/** The first line is shorter. */
const LONGEST_HEADER = 4_096;

interface Row {
  record: Record<string, string>;
  info: { lines: number };
}

/** Other requests are served between two slices. */
async function* slicesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    yield bytes.subarray(at, at + SLICE_BYTES);
    await nextTurn();
  }
}

const noHeader = () => invalidField('body', 'must begin with a line that names its columns, one of them userId');

function delimiterOf(bytes: Buffer): string[] {
  const [header = ''] = bytes.toString('utf8', 0, LONGEST_HEADER).split(/[\r\n]/, 1);
  if (header.length >= LONGEST_HEADER) throw noHeader();
  return DELIMITERS.filter((delimiter) => header.includes(delimiter)).slice(0, 1);
}

function columnsOf(header: string[]): string[] {
  const columns = header.map((column) => named(column.trim()));
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) throw invalidField('body', `has the column ${twice.slice(0, 64)} twice`);
  return columns;
}

async function readRows(bytes: Buffer): Promise<Row[]> {
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(bytes),
    info: true,
    max_record_size: LONGEST_LINE,
    cast(value, { index }) {
      if (index >= MOST_COLUMNS) throw invalidField('body', `has a line with more than ${MOST_COLUMNS} columns`);
      return value;
    },
    columns: columnsOf,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    trim: true,
  });
  const rows: Row[] = [];
  for await (const row of Readable.from(slicesOf(bytes)).pipe(parser) as AsyncIterable<Row>) if (rows.push(row) >= MOST_ROWS) break;
  return rows;
}

/**
 * Reads a list of participants from CSV (RFC 4180) with a header, no further than an invitation may go.
 * @returns rows for `inviteInput`, and the line of the file on which each ends
 * @throws AppError `invalid_request` that names the line
 */
export async function parseRoster(csv: Buffer): Promise<{ rows: Record<string, unknown>[]; lines: number[] }> {
  // Other encodings would give people names that they do not have.
  if (!isUtf8(csv)) throw invalidField('body', 'must be encoded in UTF-8: save it as "CSV UTF-8"');
  const read = await readRows(csv).catch((error: unknown) => {
    throw error instanceof CsvError ? invalidField('body', `is no CSV: ${error.message}`, { cause: error }) : error;
  });
  const columns = Object.keys(read[0]?.record ?? {});
  if (read.length > 0 && !columns.includes('userId')) throw noHeader();
  const unknown = columns.find((column) => !(COLUMNS as readonly string[]).includes(column));
  if (unknown !== undefined) throw invalidField('body', `has the column ${unknown.slice(0, 64)}: known are ${COLUMNS.join(', ')}`);
  return { rows: read.map(({ record }) => toRow(record)), lines: read.map(({ info }) => info.lines) };
}

function toRow({ userId, extraMinutes, ...others }: Record<string, string>): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== ''));
  return { userId, ...given, ...(extraMinutes && { extraMinutes: Number(extraMinutes) }) };
}

/** Names in an error the lines of the file instead of the places in the list. */
export function byLine(error: unknown, lines: readonly number[]): unknown {
  if (!(error instanceof AppError)) return error;
  const details = error.details.map(({ field, issue }) => {
    const [, place, rest = ''] = /^(?:participants)?\[(\d+)\](.*)$/.exec(field) ?? [];
    return place === undefined ? { field, issue } : { field: `line ${lines[Number(place)]}${rest.replace('.', ': ')}`, issue };
  });
  return new AppError(error.code, error.message, details, { cause: error });
}
