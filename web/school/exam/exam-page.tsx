import { useCallback, useEffect } from 'react';
import { useTranslations } from 'use-intl';
import { Failure, Quiet, Stack, Title } from '../../shared/parts.tsx';
import { useRoute } from '../../shared/route.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import { EditExam } from '../form/edit-exam.tsx';
import { Links } from '../links/links.tsx';
import { Roster } from '../roster/roster.tsx';
import * as ask from '../session/operations.ts';
import type { ExamFacts } from '../session/school.ts';
import { useMayChange, useReading, useSchool } from '../use-school.ts';
import { ExamHead } from './exam-head.tsx';
import styles from './exam.module.css';
import { Results } from './results.tsx';

const AGAIN_MS = 15_000;
const TABS = ['results', 'invite', 'links', 'settings'] as const;
type Tab = (typeof TABS)[number];

/** One exam: who is in it and how they did, who is invited, the links, the settings. */
export function ExamPage({ examId }: { examId: string }) {
  const t = useTranslations('school');
  const school = useSchool();
  const read = useCallback(() => school.graphql(ask.SchoolExam, { examId }), [school, examId]);
  const { value, fault, again } = useReading(read, AGAIN_MS);
  const exam = value?.exam;
  useEffect(() => {
    if (exam) document.title = `${exam.title} – Invigil`;
  }, [exam]);
  if (value && !exam)
    return (
      <Stack>
        <Title>{t('gone.title')}</Title>
        <p>{t('gone.text')}</p>
        <p>
          <ViewLink view={{}}>{t('exams.all')}</ViewLink>
        </p>
      </Stack>
    );
  return (
    <Stack>
      <Failure>{fault}</Failure>
      {!exam && !fault && <Quiet>{t('exams.loading')}</Quiet>}
      {exam && <Opened exam={exam} onChanged={again} />}
    </Stack>
  );
}

function Opened({ exam, onChanged }: { exam: ExamFacts; onChanged(): Promise<void> }) {
  const t = useTranslations('school.tabs');
  const mayChange = useMayChange();
  const given = useRoute().get('tab');
  const tabs = mayChange ? TABS : (['results'] as const);
  const tab: Tab = tabs.find((one) => one === given) ?? 'results';
  return (
    <>
      <ExamHead exam={exam} onChanged={onChanged} />
      {mayChange && (
        <nav className={styles['tabs']} aria-label={t('title')}>
          {TABS.map((one) => (
            <ViewLink key={one} view={{ exam: exam.id, tab: one }} isCurrent={one === tab}>
              {t(one)}
            </ViewLink>
          ))}
        </nav>
      )}
      {tab === 'results' && <Results exam={exam} />}
      {tab === 'invite' && <Roster exam={exam} onChanged={onChanged} />}
      {tab === 'links' && <Links exam={exam} />}
      {tab === 'settings' && <EditExam exam={exam} onChanged={onChanged} />}
    </>
  );
}
