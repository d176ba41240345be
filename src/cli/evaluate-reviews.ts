import { readDatabase } from '../adapters/database/read-only.ts';
import { findRunningPostgres, startEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.ts';
import type { Config } from '../config.ts';
import { share } from '../evaluation/statistics.ts';
import { groupBy } from '../group-by.ts';
import { createLogger } from '../log.ts';
import { type ReviewFigures, readReviewFigures } from '../services/reads/review-figures.ts';
import { precisionOf } from '../services/reads/warning-records.ts';

const NOTES = [
  'precision: confirmed of what was decided, with its 95 % interval (Wilson; exact where all or none were confirmed); – where fewer than five are decided.',
  'Warnings on which nobody has decided are not counted, and what people look at first is no random sample of what was raised.',
  'Flags of one candidate are alike, so the intervals are narrower than the truth. Sensitivity: as the exam has it now. Dismissed: also',
  'confirmed ones (overturned) if the candidate contested the verdict and was right.',
];

/**
 * How often people agreed with what was raised, by organisation, detector, type and sensitivity, from the database of the server,
 * which may run meanwhile.
 * @returns the exit code
 * @throws StartupError if the database cannot be read
 */
export async function evaluateReviews({ config, json }: { config: Config; json: boolean }): Promise<number> {
  const figures = await withDatabase(config, (url) => readDatabase(url, readReviewFigures));
  const lines = figures.map(toLine);
  process.stdout.write(json ? lines.map((line) => `${JSON.stringify(line)}\n`).join('') : printAll(lines));
  return 0;
}

/** The database of a running server; if none runs, the embedded one is started for as long as it is read. */
async function withDatabase<Result>(config: Config, read: (url: string) => Promise<Result>): Promise<Result> {
  const url = config.DATABASE_URL ?? (await findRunningPostgres(config.DATA_DIR));
  if (url) return read(url);
  const embedded = await startEmbeddedPostgres({ dataDir: config.DATA_DIR, log: createLogger('silent') });
  try {
    return await read(embedded.url);
  } finally {
    await embedded.stop();
  }
}

function toLine(figures: ReviewFigures) {
  const { confirmed, dismissed } = figures;
  const precision = precisionOf(figures);
  const { low, high } = share(confirmed, confirmed + dismissed);
  return { ...figures, reviewed: confirmed + dismissed, precision, interval: precision === null ? null : { low, high } };
}

type Line = ReturnType<typeof toLine>;

const COLUMNS = [
  'detector',
  'type',
  'sensitivity',
  'raised',
  'reviewed',
  'confirmed',
  'dismissed',
  'overturned',
  'precision',
  '95 % interval',
];

function printAll(lines: readonly Line[]): string {
  if (lines.length === 0) return 'No warning was raised yet.\n';
  const tables = [...groupBy(lines, ({ organisation }) => organisation)].map(([organisation, own]) => {
    const rows = [COLUMNS, ...own.map(cellsOf)];
    // Clients invent types, more of them than a call takes arguments.
    const widths = COLUMNS.map((_column, at) => rows.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0));
    const table = rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
    return `${JSON.stringify(organisation)}\n${table.join('\n')}\n`;
  });
  return `${tables.join('\n')}\n${NOTES.join('\n')}\n`;
}

const cellsOf = (line: Line): string[] => [
  line.detector ?? (line.source === 'ANALYSIS' ? 'live pictures' : 'client'),
  // A client may have made it up, and a terminal obeys control characters.
  JSON.stringify(line.type).slice(1, -1),
  line.source === 'ANALYSIS' ? line.sensitivity : '',
  ...[line.raised, line.reviewed, line.confirmed, line.dismissed, line.overturned].map(String),
  line.precision?.toFixed(3) ?? '–',
  line.interval ? `${line.interval.low.toFixed(3)} – ${line.interval.high.toFixed(3)}` : '',
];
