import { CsvError, parse } from 'csv-parse/sync';
import { StartupError } from '../errors.ts';

/** One line of a CSV file, by column name. */
export type Row = Readonly<Record<string, string>>;

export interface Line {
  /** Line of the file where the row ends, counted from 1, which is the header. */
  number: number;
  row: Row;
}

const OPTIONS = {
  bom: true,
  info: true,
  relax_column_count: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
  trim: true,
};

/**
 * Parses a CSV file with a header (RFC 4180). In a line that is too short, the last columns are empty.
 * @throws StartupError for invalid syntax such as an unclosed quote; its message contains the line
 */
export function parseCsv(text: string): Line[] {
  try {
    const [header, ...lines] = parse(text, OPTIONS) as unknown as { record: string[]; info: { lines: number } }[];
    const columns = header?.record ?? [];
    return lines.map(({ record, info }) => ({
      number: info.lines,
      row: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ''])),
    }));
  } catch (error) {
    throw error instanceof CsvError ? new StartupError(error.message, { cause: error }) : error;
  }
}
