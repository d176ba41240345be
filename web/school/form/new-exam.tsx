import { useTranslations } from 'use-intl';
import { Stack, Title } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import * as change from '../session/mutations.ts';
import { useSchool } from '../use-school.ts';
import { ExamForm } from './exam-form.tsx';
import { DEFAULTS, newExamOf } from './form-model.ts';

export function NewExam() {
  const t = useTranslations('school');
  const school = useSchool();
  return (
    <Stack>
      <Title>{t('create.title')}</Title>
      <p>{t('create.text')}</p>
      <ExamForm
        first={DEFAULTS}
        send={t('create.do')}
        cancel={<ViewLink view={{}}>{t('back')}</ViewLink>}
        onSend={async (form) => {
          const { createExam } = await school.graphql(change.SchoolCreateExam, { input: newExamOf(form) });
          school.tell(t('create.done'));
          goTo({ exam: createExam.id, tab: 'invite' }, { replace: true });
        }}
      />
    </Stack>
  );
}
