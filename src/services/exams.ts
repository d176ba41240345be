import type { Database } from '../adapters/database/database.ts';
import { AppError, invalidField } from '../errors.ts';
import type { Exam } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { Draft, EventLog, ExamChange } from './event-log/event-log.ts';
import type { CreateExamInput, UpdateExamInput } from './exam-input.ts';
import { changedSettings, settingsOf } from './exam-settings.ts';
import type { ExamState } from './exam-writes/exam-state.ts';
import { keepAnswers, inPrisma, type AnswerKeeper } from './idempotency.ts';
import { shiftAll, timeOutAll } from './participants/lifecycle.ts';
import { FINAL_STATUSES } from './participants/moves.ts';
import { MINUTE_MS } from './participants/time.ts';

/** Starts the exam within a draft, unless it has started. */
export async function startWithin(draft: Draft, by: string): Promise<Exam> {
  if (draft.exam.status !== 'CREATED') return draft.exam;
  await draft.changeExam({ status: 'IN_PROGRESS', startedAt: draft.now });
  draft.emit('EXAM_CHANGED', draft.exam.id, { data: { by, from: 'CREATED', to: 'IN_PROGRESS' } });
  return draft.exam;
}

/** As `startWithin`, together with other writes. */
export function startTogether(state: ExamState, by: string): void {
  if (state.exam.status !== 'CREATED') return;
  state.changeExam({ status: 'IN_PROGRESS', startedAt: state.now });
  state.emit('EXAM_CHANGED', state.exam.id, { data: { by, from: 'CREATED', to: 'IN_PROGRESS' } });
}

/** @throws AppError `conflict` if nothing may be added to the exam any more. */
export function refuseCancelled(exam: Pick<Exam, 'status'>): void {
  if (exam.status === 'CANCELLED') throw new AppError('conflict', 'The exam was cancelled');
}

const CHANGEABLE = ['title', 'duration', 'opensAt', 'closesAt', 'contentUrl', 'contentMode'] as const;

/** What differs, each value as text: JSON for settings, which the log names like `settings.admission`. */
function differences(before: Exam, after: Exam): { what: string; from: string | null; to: string | null }[] {
  const columns = CHANGEABLE.map((name) => ({ what: name, from: asText(before[name]), to: asText(after[name]) }));
  const was = new Map<string, unknown>([...Object.entries(settingsOf(before)), ['extra', before.extra]]);
  const settings = [...Object.entries(settingsOf(after)), ['extra', after.extra] as const].map(([name, value]) => ({
    what: `settings.${name}`,
    from: JSON.stringify(was.get(name) ?? null),
    to: JSON.stringify(value ?? null),
  }));
  return [...columns, ...settings].filter(({ from, to }) => from !== to);
}

const asText = (value: Date | string | number | null): string | null =>
  value === null ? null : value instanceof Date ? value.toISOString() : String(value);

/** Whether the exam has ended or was cancelled. */
export const isExamOver = ({ status }: Pick<Exam, 'status'>): boolean => status === 'COMPLETED' || status === 'CANCELLED';

/** @throws AppError `conflict` once the exam is over */
export function refuseOver(exam: Pick<Exam, 'status'>): void {
  if (isExamOver(exam)) throw new AppError('conflict', 'The exam is over');
}

export function createExams({ db, eventLog }: { db: Database['prisma']; eventLog: EventLog }) {
  async function finish(draft: Draft, to: 'COMPLETED' | 'CANCELLED', by: string): Promise<Exam> {
    const { id, status } = draft.exam;
    await draft.changeExam({ status: to, endedAt: draft.now });
    draft.emit('EXAM_CHANGED', id, { data: { by, from: status, to } });
    return draft.exam;
  }

  return {
    /** @param keeper stores the answer under the request's idempotency key in the same transaction */
    create(
      { title, duration, settings, opensAt, closesAt, contentUrl, contentMode }: CreateExamInput,
      tenant: string,
      keeper: AnswerKeeper | null = null,
    ): Promise<Exam> {
      const data = {
        id: newId('exam'),
        tenant,
        title,
        duration,
        opensAt: opensAt ?? null,
        closesAt: closesAt ?? null,
        contentUrl: contentUrl ?? null,
        contentMode: contentMode ?? 'EMBEDDED',
        ...changedSettings(null, settings ?? {}),
      };
      if (!keeper) return db.exam.create({ data });
      return db.$transaction(async (tx) => {
        const exam = await tx.exam.create({ data });
        await keepAnswers(inPrisma(tx), [await keeper.answer(exam)]);
        return exam;
      });
    },

    /**
     * Changes an exam that is not over; those who are in it get the difference of a new duration. One event per change.
     * @throws AppError `conflict` for an exam that is over
     */
    update: (examId: string, input: UpdateExamInput, by: string) =>
      eventLog.append(examId, async (draft) => {
        const before = draft.exam;
        refuseOver(before);
        const { title, duration, contentMode, settings, ...absent } = input;
        const given = Object.entries({ title, duration, contentMode }).filter(([, value]) => value != null);
        const cleared = Object.entries(absent).filter(([, value]) => value !== undefined);
        const change: Partial<Exam> = Object.fromEntries([...given, ...cleared]);
        const exam = { ...before, ...change };
        if (exam.opensAt && exam.closesAt && exam.closesAt <= exam.opensAt) throw invalidField('closesAt', 'must be after opensAt');
        const newSettings = settings ? changedSettings(before, settings) : {};
        const changes = differences(before, { ...exam, ...newSettings });
        if (changes.length === 0) return before;
        await draft.changeExam({ ...(change as ExamChange), ...newSettings });
        const more = exam.duration - before.duration;
        if (more !== 0) await shiftAll(draft, more * MINUTE_MS);
        for (const { what, from, to } of changes) draft.emit('EXAM_CHANGED', examId, { data: { by, what, from, to } });
        return draft.exam;
      }),

    /** A second start is not an error. */
    start: (examId: string, by: string) =>
      eventLog.append(examId, async (draft) => {
        refuseOver(draft.exam);
        return startWithin(draft, by);
      }),

    end: (examId: string, by: string) =>
      eventLog.append(examId, async (draft) => {
        const { exam } = draft;
        if (exam.status === 'COMPLETED') return exam;
        if (exam.status !== 'IN_PROGRESS') throw new AppError('conflict', 'Only an exam in progress can end');
        await timeOutAll(draft, by);
        return finish(draft, 'COMPLETED', by);
      }),

    /** Completes an exam whose window is over and in which nobody is any more. */
    close: (examId: string) =>
      eventLog.append(examId, async (draft) => {
        const { exam, now, tx } = draft;
        if (exam.status !== 'IN_PROGRESS' || !exam.closesAt || now < exam.closesAt) return exam;
        const staying = await tx.participant.count({ where: { examId, status: { notIn: ['INVITED', ...FINAL_STATUSES] } } });
        return staying > 0 ? exam : finish(draft, 'COMPLETED', 'system');
      }),

    cancel: (examId: string, by: string) =>
      eventLog.append(examId, async (draft) => {
        const { exam } = draft;
        if (exam.status === 'CANCELLED') return exam;
        if (exam.status === 'COMPLETED') throw new AppError('conflict', 'A completed exam cannot be cancelled');
        // Nobody's time runs in it; the sweep would look at them for ever.
        await draft.tx.participant.updateMany({ where: { examId, endsAt: { not: null } }, data: { endsAt: null } });
        return finish(draft, 'CANCELLED', by);
      }),
  };
}

export type Exams = ReturnType<typeof createExams>;
