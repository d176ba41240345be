import pLimit from 'p-limit';
import { groupBy } from '../../group-by.ts';

/** Participants of one exam that change in one transaction: few enough not to hold up its log. */
const MAX_TOGETHER = 500;
/** Exams that change at once, so that a network failure of whole campuses leaves connections for other work. */
const EXAMS_AT_ONCE = 4;

/** Groups rows by exam, in their order. */
export const groupByExam = <T extends { examId: string }>(rows: readonly T[]): Map<string, T[]> => groupBy(rows, ({ examId }) => examId);

/**
 * Changes participants of many exams, some exams in parallel.
 * @param change gets some participants of an exam, few enough to change in one transaction; it handles its own failures
 */
export async function changeByExam<T extends { examId: string }>(
  participants: readonly T[],
  change: (examId: string, batch: readonly T[]) => Promise<void>,
): Promise<void> {
  const batches = [...groupByExam(participants)].flatMap(([examId, rows]) =>
    Array.from({ length: Math.ceil(rows.length / MAX_TOGETHER) }, (_, i) => ({
      examId,
      rows: rows.slice(i * MAX_TOGETHER, (i + 1) * MAX_TOGETHER),
    })),
  );
  await pLimit(EXAMS_AT_ONCE).map(batches, ({ examId, rows }) => change(examId, rows));
}
