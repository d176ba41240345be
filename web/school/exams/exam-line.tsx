import { useFormatter, useTranslations } from 'use-intl';
import { ViewLink } from '../../staff/view-link.tsx';
import type { ExamRow } from '../session/school.ts';
import { useMayChange } from '../use-school.ts';
import styles from './exams.module.css';
import { RemoveSample } from './sample.tsx';

/** The time that matters most of an exam, in words. */
export function useWhen() {
  const t = useTranslations('school.when');
  const format = useFormatter();
  const time = (text: string) => format.dateTime(new Date(text), { dateStyle: 'medium', timeStyle: 'short' });
  return ({
    status,
    createdAt,
    opensAt,
    startedAt,
    endedAt,
  }: Pick<ExamRow, 'status' | 'createdAt' | 'opensAt' | 'startedAt' | 'endedAt'>) => {
    if (endedAt) return t(status === 'CANCELLED' ? 'cancelled' : 'ended', { time: time(endedAt) });
    if (startedAt) return t('started', { time: time(startedAt) });
    if (opensAt) return t('opens', { time: time(opensAt) });
    return t('created', { time: time(createdAt) });
  };
}

export const peopleIn = ({ counts }: Pick<ExamRow, 'counts'>) => counts.participants.reduce((sum, { count }) => sum + count, 0);

export function ExamStatus({ exam }: { exam: Pick<ExamRow, 'status' | 'isSample'> }) {
  const t = useTranslations('school');
  const s = useTranslations('head.status');
  return (
    <span className={styles['marks']}>
      <span className={styles['status']} data-status={exam.status}>
        {s(exam.status)}
      </span>
      {exam.isSample && <span className={styles['sample']}>{t('sample.mark')}</span>}
    </span>
  );
}

export function ExamLine({ exam, onRemoved }: { exam: ExamRow; onRemoved(): void }) {
  const t = useTranslations('school.exams');
  const mayChange = useMayChange();
  const when = useWhen();
  const { unreviewed } = exam.counts.warnings;
  return (
    <li className={styles['line']}>
      <span className={styles['name']}>
        <ViewLink view={{ exam: exam.id }} className={styles['title']}>
          <bdi>{exam.title}</bdi>
        </ViewLink>
        <span className={styles['when']}>{when(exam)}</span>
      </span>
      <ExamStatus exam={exam} />
      <span className={styles['count']}>{t('people', { n: peopleIn(exam) })}</span>
      <span className={styles['count']} data-open={unreviewed > 0 || undefined}>
        {unreviewed > 0 && t('unreviewed', { n: unreviewed })}
      </span>
      <span className={styles['deeds']}>
        {exam.isSample && mayChange && <RemoveSample examId={exam.id} onRemoved={onRemoved} />}
        <a className={styles['open']} href={`../admin/exam/${exam.id}`} aria-label={t('openOf', { title: exam.title })}>
          {t('open')}
        </a>
      </span>
    </li>
  );
}
