import { stringify } from 'csv-stringify/sync';
import { inMinutes } from '../participants/time.ts';
import type { ExamReport } from './exam-report.ts';

const at = (date: Date | null) => date?.toISOString() ?? '';
const share = (of: number | null) => (of === null ? '' : of.toFixed(3));

/**
 * What a spreadsheet would take for a formula: at the start of a cell, or after what another one than we mean cuts lines at. Most of
 * Europe has the semicolon for the comma, and quotes in the middle of a cell are no quotes then.
 */
const FORMULAS = /(^|[;\t\r\n])([\p{Cf}\p{Zs}"]*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/gu;
const asText = (cell: string) => cell.replaceAll(FORMULAS, "$1$2'");

/**
 * The results of an exam as CSV (RFC 4180) for spreadsheets: UTF-8 with a byte order mark, one line per participant. What a
 * spreadsheet would take for a formula is made text.
 */
export function toCsv({ participants }: ExamReport): string {
  const rows = participants.map((one) => ({
    userId: one.userId,
    name: one.name ?? '',
    group: one.group ?? '',
    status: one.status.toLowerCase(),
    joinedAt: at(one.joinedAt),
    startedAt: at(one.startedAt),
    submittedAt: at(one.submittedAt),
    extraMinutes: one.extraMinutes,
    creditedMinutes: inMinutes(one.creditMs),
    outageSeconds: Math.round(one.outageMs / 1_000),
    ...Object.fromEntries(Object.entries(one.warnings).map(([name, count]) => [`warnings_${name}`, count])),
    webcamCoverage: share(one.coverage.webcam),
    screenCoverage: share(one.coverage.screen),
    review: one.review.toLowerCase(),
    verdict: one.verdict?.status.toLowerCase() ?? '',
    verdictReason: one.verdict?.reason ?? '',
    verdictBy: one.verdict?.by ?? '',
    verdictAt: at(one.verdict?.at ?? null),
    contested: one.contested ? 'yes' : 'no',
  }));
  return stringify(rows, { header: true, columns: COLUMNS, bom: true, cast: { string: asText }, record_delimiter: '\r\n' });
}

const COLUMNS = [
  ...['userId', 'name', 'group', 'status', 'joinedAt', 'startedAt', 'submittedAt', 'extraMinutes', 'creditedMinutes', 'outageSeconds'],
  ...['info', 'low', 'medium', 'high', 'critical', 'unreviewed'].map((name) => `warnings_${name}`),
  ...['webcamCoverage', 'screenCoverage', 'review', 'verdict', 'verdictReason', 'verdictBy', 'verdictAt', 'contested'],
];
