import type { Database } from '../adapters/database/database.ts';
import { AppError } from '../errors.ts';
import type { Exam, Prisma } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { Draft, EventLog } from './event-log/event-log.ts';
import type { CreateExamInput, SettingsInput } from './exam-input.ts';
import type { ExamState } from './exam-writes/exam-state.ts';
import { keepAnswers, inPrisma, type AnswerKeeper } from './idempotency.ts';
import { FINAL_STATUSES, timeOutAll } from './participants/lifecycle.ts';

/** What `Exam.settings` holds. */
export interface ExamSettings {
  webcam: boolean;
  screenRecording: boolean;
  audioRecording: boolean;
  browserLock: boolean;
  aiDetection: { enabled: boolean; sensitivity: 'LOW' | 'MEDIUM' | 'HIGH' };
}

export const settingsOf = (exam: Pick<Exam, 'settings'>) => exam.settings as unknown as ExamSettings;

function completeSettings(given: SettingsInput | null | undefined): ExamSettings {
  return {
    webcam: given?.webcam ?? true,
    screenRecording: given?.screenRecording ?? true,
    audioRecording: given?.audioRecording ?? true,
    browserLock: given?.browserLock ?? true,
    aiDetection: { enabled: given?.aiDetection?.enabled ?? true, sensitivity: given?.aiDetection?.sensitivity ?? 'MEDIUM' },
  };
}

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
      { title, duration, settings, opensAt, closesAt }: CreateExamInput,
      tenant: string,
      keeper: AnswerKeeper | null = null,
    ): Promise<Exam> {
      const extra = settings?.extra as Prisma.InputJsonObject | null | undefined;
      const data = {
        id: newId('exam'),
        tenant,
        title,
        duration,
        opensAt: opensAt ?? null,
        closesAt: closesAt ?? null,
        settings: completeSettings(settings) as unknown as Prisma.InputJsonObject,
        ...(extra && Object.keys(extra).length > 0 && { extra }),
      };
      if (!keeper) return db.exam.create({ data });
      return db.$transaction(async (tx) => {
        const exam = await tx.exam.create({ data });
        await keepAnswers(inPrisma(tx), [await keeper.answer(exam)]);
        return exam;
      });
    },

    /** A second start is not an error. */
    start: (examId: string, by: string) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status === 'COMPLETED' || draft.exam.status === 'CANCELLED') throw new AppError('conflict', 'The exam is over');
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
