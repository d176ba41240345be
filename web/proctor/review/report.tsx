import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Title } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import styles from '../report/report.module.css';
import { nameOf } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useConsole, useExam } from '../use-console.ts';
import { EvidenceView } from './evidence.tsx';
import { Status } from './head.tsx';
import { Measured } from './measured.tsx';
import { isWarning } from './moments.ts';
import { PersonFacts } from './person-facts.tsx';
import { usePerson, useReviewState, useTimes, useTypeWords } from './use-review.ts';
import { VerdictList } from './verdict-list.tsx';

/** Everything about one candidate on paper. */
export function Report() {
  const t = useTranslations('review');
  const { title } = useExam();
  const person = usePerson();
  const { contest } = person;
  const { clock } = useConsole();
  const { full } = useTimes();
  const [made] = useState(clock.now);
  return (
    <main className={styles['report']}>
      <div className={styles['acts']}>
        <Button onClick={() => goTo({ person: person.userId })}>{t('report.close')}</Button>
        <Button look="primary" onClick={() => print()}>
          {t('report.print')}
        </Button>
      </div>
      <header className={styles['head']}>
        <p>
          {t('report.title')} · <bdi>{title}</bdi>
        </p>
        <Title>
          <bdi>{nameOf(person)}</bdi>
        </Title>
        <p>{t('report.made', { time: full(made) })}</p>
        <Status />
      </header>
      {contest && (
        <section>
          <h2>{t('judge.objection', { time: full(contest.at) })}</h2>
          <p dir="auto">{contest.text}</p>
          {contest.answer !== null && (
            <p dir="auto">
              {t('judge.answered', { by: contest.answeredBy ?? '', time: full(contest.answeredAt ?? contest.at) })}: {contest.answer}
            </p>
          )}
        </section>
      )}
      <VerdictList />
      <Warnings />
      <EvidenceView />
      <Measured />
      <PersonFacts />
    </main>
  );
}

function Warnings() {
  const t = useTranslations('review');
  const typeWords = useTypeWords();
  const { clock } = useTimes();
  const warnings = useReviewState().moments.filter(isWarning);
  return (
    <section>
      <h2>{t('report.warnings')}</h2>
      {warnings.length === 0 ? (
        <p>{t('list.nothing')}</p>
      ) : (
        <div className={styles['scroll']}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">{t('report.time')}</th>
                <th scope="col">{t('report.what')}</th>
                <th scope="col">{t('report.decision')}</th>
              </tr>
            </thead>
            <tbody>
              {warnings.map(({ key, from, warning: { type, severity, details, review } }) => (
                <tr key={key}>
                  <td>{clock(from)}</td>
                  <td>
                    {typeWords(type)} <SeverityMark severity={severity} withWord />
                    {details !== null && <p dir="auto">{details}</p>}
                  </td>
                  <td>
                    {review ? (
                      <bdi>{t('warning.decided', { decision: review.decision, by: review.by, time: clock(review.at) })}</bdi>
                    ) : (
                      t('list.undecided')
                    )}
                    {review?.reason != null && <p dir="auto">{review.reason}</p>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
