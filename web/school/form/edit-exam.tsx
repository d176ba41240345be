import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Callout, Quiet } from '../../shared/parts.tsx';
import * as change from '../session/mutations.ts';
import type { ExamFacts } from '../session/school.ts';
import { useSchool } from '../use-school.ts';
import { ExamForm } from './exam-form.tsx';
import { changesOf, formOf } from './form-model.ts';

/** The settings of an exam; of one that runs it says what a change does. */
export function EditExam({ exam, onChanged }: { exam: ExamFacts; onChanged(): Promise<void> }) {
  const t = useTranslations('school.edit');
  const school = useSchool();
  /** As it was when the fields were filled: what others change meanwhile is not undone. */
  const [before, setBefore] = useState(() => formOf(exam));
  if (exam.status === 'COMPLETED' || exam.status === 'CANCELLED') return <Quiet>{t('over')}</Quiet>;
  const note = exam.status === 'IN_PROGRESS' && <Callout tone="warn">{t('running')}</Callout>;
  return (
    <ExamForm
      first={before}
      send={t('save')}
      note={note}
      onSend={async (form) => {
        await school.graphql(change.SchoolUpdateExam, { examId: exam.id, input: changesOf(form, before) });
        setBefore(form);
        await onChanged();
        school.tell(t('saved'));
      }}
    />
  );
}
