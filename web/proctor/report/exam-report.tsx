import { useEffect, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Failure, Quiet, Title } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { useAction } from '../../shared/use-action.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import type { Status } from '../session/model.ts';
import { useConsole, useExam } from '../use-console.ts';
import styles from './report.module.css';

interface Line {
  userId: string;
  name: string | null;
  group: string | null;
  status: Lowercase<Status>;
  extraMinutes: number;
  creditedMinutes: number;
  outageSeconds: number;
  review: string;
  warnings: { critical: number; high: number; medium: number; low: number; unreviewed: number };
  coverage: { webcam: number | null; screen: number | null };
  verdict: { reason: string | null; by: string } | null;
  contested: boolean;
}
interface ExamResults {
  generatedAt: string;
  participants: Line[];
}

/** The results of the exam on paper: a line for each candidate. */
export function ExamReport() {
  const t = useTranslations('examReport');
  const p = useTranslations('person');
  const format = useFormatter();
  const { api, examId, download } = useConsole();
  const { title } = useExam();
  const [results, setResults] = useState<ExamResults | null>(null);
  const { attempt, fault } = useAction(async () => {
    setResults((await (await api.rest(`/exams/${examId}/report.json`)).json()) as ExamResults);
  });
  const csv = useAction(() => download('/report.csv', `${examId}.csv`));
  useEffect(() => {
    void attempt();
    // Once: whoever wants newer results loads the page again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return (
    <main className={styles['report']}>
      <div className={styles['acts']}>
        <Button onClick={() => goTo({})}>{t('close')}</Button>
        <Button look="primary" disabled={!results} onClick={() => print()}>
          {t('print')}
        </Button>
        <Button disabled={csv.isBusy} onClick={() => csv.run()}>
          {t('csv')}
        </Button>
      </div>
      <header className={styles['head']}>
        <p>{t('title')}</p>
        <Title>
          <bdi>{title}</bdi>
        </Title>
        {results && (
          <p>{t('made', { time: format.dateTime(new Date(results.generatedAt), { dateStyle: 'medium', timeStyle: 'short' }) })}</p>
        )}
      </header>
      <Failure>{fault ?? csv.fault}</Failure>
      {!results && !fault && <Quiet>{p('loading')}</Quiet>}
      {results && <Table lines={results.participants} />}
    </main>
  );
}

function Table({ lines }: { lines: readonly Line[] }) {
  const t = useTranslations('examReport');
  const s = useTranslations('status');
  const v = useTranslations('verdict');
  const format = useFormatter();
  const share = (value: number | null) => (value === null ? '–' : format.number(value, { style: 'percent' }));
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- whoever has no mouse scrolls it with the keys
    <section className={styles['scroll']} tabIndex={0} aria-label={t('title')}>
      <table className={`${styles['table']} ${styles['people']}`}>
        <thead>
          <tr>
            <th scope="col">{t('who')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('evidence')}</th>
            <th scope="col">{t('warnings')}</th>
            <th scope="col">{t('review')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.userId}>
              <td>
                <ViewLink view={{ person: line.userId }}>
                  <bdi>{line.name ?? line.userId}</bdi>
                </ViewLink>
                <p dir="auto">{[line.name === null ? null : line.userId, line.group].filter(Boolean).join(' · ')}</p>
              </td>
              <td>{s(line.status.toUpperCase() as Status)}</td>
              <td>
                {t('added', { minutes: line.extraMinutes + line.creditedMinutes })}
                {line.outageSeconds > 0 && <p>{t('outage', { seconds: line.outageSeconds })}</p>}
              </td>
              <td>
                {t('camera', { share: share(line.coverage.webcam) })}
                <p>{t('screen', { share: share(line.coverage.screen) })}</p>
              </td>
              <td>
                {t('counts', line.warnings)}
                {line.warnings.unreviewed > 0 && <p>{t('open', { n: line.warnings.unreviewed })}</p>}
              </td>
              <td>
                {v(line.review.toUpperCase() as 'PASSED')}
                {line.verdict && (
                  <p dir="auto">
                    {line.verdict.by}
                    {line.verdict.reason !== null && `: ${line.verdict.reason}`}
                  </p>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
