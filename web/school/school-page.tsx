import { useEffect } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Quiet } from '../shared/parts.tsx';
import { useRoute } from '../shared/route.ts';
import { useStore } from '../shared/store.ts';
import { Page } from '../staff/page.tsx';
import { ViewLink } from '../staff/view-link.tsx';
import { ExamPage } from './exam/exam-page.tsx';
import { ExamsPage } from './exams/exams-page.tsx';
import { NewExam } from './form/new-exam.tsx';
import { Notice } from './parts.tsx';
import page from './school.module.css';
import { SignIn } from './sign-in.tsx';
import { useMayChange, useMe, useSchool } from './use-school.ts';

/** `?exam=` is one exam, `?new` a form for another; without either all exams are listed. */
export function SchoolPage() {
  const t = useTranslations('page');
  const { phase } = useStore(useSchool().state);
  useEffect(() => {
    document.title = t('console');
  }, [t]);
  if (phase.kind === 'in') return <Inside />;
  return <Page>{phase.kind === 'loading' ? <Quiet>{t('loading')}</Quiet> : <SignIn why={phase.why} />}</Page>;
}

function Inside() {
  const route = useRoute();
  const mayChange = useMayChange();
  const examId = route.get('exam');
  const isNew = route.has('new') && mayChange;
  return (
    <Page wide nav={<Who />}>
      {examId !== null ? <ExamPage key={examId} examId={examId} /> : isNew ? <NewExam /> : <ExamsPage />}
      <Notice />
    </Page>
  );
}

function Who() {
  const t = useTranslations('school.sign');
  const school = useSchool();
  const { name, role } = useMe();
  return (
    <nav className={page['nav']} aria-label={t('nav')}>
      <ViewLink view={{}}>{t('exams')}</ViewLink>
      <span className={page['who']}>
        <span dir="auto" className={page['me']}>
          {name}
        </span>{' '}
        <span className={page['role']}>· {t(`role.${role as 'ADMIN' | 'LMS' | 'PROCTOR'}`)}</span>
      </span>
      <Button className={page['out']} onClick={school.signOut}>
        {t('out')}
      </Button>
    </nav>
  );
}
