import { useTranslations } from 'use-intl';
import { Button, Failure, Title } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { useStore } from '../../shared/store.ts';
import { useAction } from '../../shared/use-action.ts';
import { LanguageSelect } from '../../shared/words.tsx';
import { ViewLink } from '../../staff/view-link.tsx';
import { nameOf, type Person } from '../session/model.ts';
import { useConsole, useExam } from '../use-console.ts';
import styles from './head.module.css';
import { Keys } from './keys.tsx';
import type { VerdictStatus } from './model.ts';
import { usePerson, useReview, useReviewState, useTimes } from './use-review.ts';

/** Whom somebody should look at: open warnings, an objection, or a decision that waits for a second person. */
const needsLook = ({ warningCounts, review }: Person) => warningCounts.unreviewed > 0 || review === 'CONTESTED' || review === 'IN_REVIEW';

export function Head() {
  const t = useTranslations('review');
  const p = useTranslations('page');
  const s = useTranslations('status');
  const person = usePerson();
  const { examId, download } = useConsole();
  const { title } = useExam();
  const pdf = useAction(() => download(`/participants/${encodeURIComponent(person.userId)}/report.pdf`, `${examId}-${person.userId}.pdf`));
  const csv = useAction(() => download('/report.csv', `${examId}.csv`));
  const fault = pdf.fault ?? csv.fault;
  return (
    <header className={styles['head']}>
      <div className={styles['top']}>
        <ViewLink view={{}}>
          <span aria-hidden="true">← </span>
          {t('back')}
        </ViewLink>
        <bdi className={styles['exam']}>{title}</bdi>
        <Workload />
        <LanguageSelect label={p('language')} />
      </div>
      <div className={styles['who']}>
        <div className={styles['name']}>
          <Title>
            <bdi>{nameOf(person)}</bdi>
          </Title>
          <p className={styles['facts']}>
            {person.name !== null && (
              <>
                <bdi>{person.userId}</bdi> ·{' '}
              </>
            )}
            {person.group !== null && (
              <>
                <span dir="auto">{t('group', { group: person.group })}</span> ·{' '}
              </>
            )}
            {s(person.status)}
          </p>
        </div>
        <Status />
        <Seen />
        <div className={styles['files']}>
          <Button disabled={pdf.isBusy} onClick={pdf.run}>
            {t('report.pdf')}
          </Button>
          <Button disabled={csv.isBusy} onClick={csv.run}>
            {t('report.csv')}
          </Button>
          <Button onClick={() => goTo({ person: person.userId, print: '' })}>{t('report.open')}</Button>
          <Keys />
        </div>
      </div>
      <Failure>{fault}</Failure>
    </header>
  );
}

const TONES: Partial<Record<VerdictStatus, string>> = {
  PASSED: 'good',
  OVERTURNED: 'good',
  SUSPICIOUS: 'warn',
  CONTESTED: 'warn',
  VIOLATION: 'bad',
  UPHELD: 'bad',
};

export function Status() {
  const t = useTranslations();
  const { review, secondReviewNeeded } = usePerson();
  return (
    <p className={`${styles['status']} ${styles[TONES[review] ?? 'plain']}`} data-testid="verdict">
      {secondReviewNeeded ? t('review.judge.second') : t(`verdict.${review}`)}
    </p>
  );
}

/** Each reviewer's own mark. */
function Seen() {
  const t = useTranslations('review.seen');
  const { seenAt, newSinceSeen } = usePerson();
  const { full } = useTimes();
  const mark = useAction(useReview().markSeen);
  const isSeen = seenAt !== null && !newSinceSeen;
  return (
    <div className={styles['seen']}>
      <span role="status">{mark.fault ?? (seenAt !== null && t(newSinceSeen ? 'new' : 'at', { time: full(seenAt) }))}</span>
      {!isSeen && (
        <Button disabled={mark.isBusy} onClick={mark.run}>
          {t('mark')}
        </Button>
      )}
    </div>
  );
}

/** What is left for everybody, and who comes next. */
function Workload() {
  const t = useTranslations('review');
  const { store } = useConsole();
  const { counts } = useExam();
  const { byId } = useStore(store.people);
  const { flagged } = useReviewState();
  const { userId } = usePerson();
  const waiting = [...byId.values()].filter(needsLook);
  const at = waiting.findIndex((one) => one.userId === userId);
  const next = [...waiting.slice(at + 1), ...waiting.slice(0, Math.max(0, at))].find((one) => one.userId !== userId);
  return (
    <p className={styles['workload']}>
      <span>
        {t('workload', {
          minutes: Math.ceil(flagged.seconds / 60),
          recordings: flagged.recordings,
          warnings: counts.warnings.unreviewed,
        })}
      </span>
      {next ? (
        <ViewLink view={{ person: next.userId }}>
          {t('next')}
          <span aria-hidden="true"> →</span>
        </ViewLink>
      ) : (
        <span>{t('noNext')}</span>
      )}
    </p>
  );
}
