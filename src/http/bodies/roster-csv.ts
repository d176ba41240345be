import { CsvError, parse } from 'csv-parse/sync';
import { AppError, invalidField } from '../../errors.ts';

const COLUMNS = ['userId', 'name', 'extraMinutes', 'group', 'referenceImage'] as const;
/** Spreadsheets separate by a semicolon where the comma is the decimal sign. */
const DELIMITERS = [',', ';', '\t'];

const named = (column: string) => COLUMNS.find((known) => known.toLowerCase() === column.toLowerCase()) ?? column;

/**
 * Reads a list of participants from CSV (RFC 4180) with a header.
 * @returns rows for `inviteInput`, and the line of the file on which each ends
 * @throws AppError `invalid_request` that names the line
 */
export function parseRoster(csv: string): { rows: Record<string, unknown>[]; lines: number[] } {
  let read: { record: Record<string, string>; info: { lines: number } }[];
  try {
    read = parse(csv, {
      bom: true,
      delimiter: DELIMITERS.filter((delimiter) => (csv.split('\n', 1)[0] ?? '').includes(delimiter)).slice(0, 1),
      info: true,
      columns: (header: string[]) => header.map((column) => named(column.trim())),
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    }) as unknown as typeof read;
  } catch (error) {
    throw error instanceof CsvError ? invalidField('body', `is no CSV: ${error.message}`, { cause: error }) : error;
  }
  const columns = Object.keys(read[0]?.record ?? {});
  if (read.length > 0 && !columns.includes('userId'))
    throw invalidField('body', 'must begin with a line that names its columns, one of them userId');
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
