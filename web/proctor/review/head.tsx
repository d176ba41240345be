import { useTranslations } from 'use-intl';
import { Button, Callout, Title } from '../../shared/parts.tsx';
import { addressOf, goTo } from '../../shared/route.ts';
import { useStore } from '../../shared/store.ts';
import { useAction } from '../../shared/use-action.ts';
import { LanguageSelect } from '../../shared/words.tsx';
import { nameOf, type Person } from '../session/model.ts';
import { useConsole, useExam } from '../use-console.ts';
import styles from './head.module.css';
import { isBlind, type VerdictStatus } from './model.ts';
import { usePerson, useReview } from './use-review.ts';

/** Whom somebody should look at: open warnings, an objection, or a decision that waits for a second person. */
const needsLook = ({ warningCounts, review }: Person) => warningCounts.unreviewed > 0 || review === 'CONTESTED' || review === 'IN_REVIEW';

export function Head() {
  const t = useTranslations('review');
  const p = useTranslations('page');
  const session = useReview();
  const person = usePerson();
  const { examId } = useConsole();
  const pdf = useAction(() =>
    session.download(`/participants/${encodeURIComponent(person.userId)}/report.pdf`, `${examId}-${person.userId}.pdf`),
  );
  const csv = useAction(() => session.download('/report.csv', `${examId}.csv`));
  const fault = pdf.fault ?? csv.fault;
  return (
    <header className={styles['head']}>
      <div className={styles['top']}>
        <a href={addressOf({})} onClick={follow({})}>
          <span aria-hidden="true">← </span>
          {t('back')}
        </a>
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
            {t('status', { status: person.status })}
          </p>
        </div>
        <Status review={person.review} />
        <div className={styles['files']}>
          <Button disabled={pdf.isBusy} onClick={pdf.run}>
            {t('report.pdf')}
          </Button>
          <Button disabled={csv.isBusy} onClick={csv.run}>
            {t('report.csv')}
          </Button>
          <Button onClick={() => goTo({ person: person.userId, print: '' })}>{t('report.open')}</Button>
        </div>
      </div>
      {fault && (
        <div role="alert">
          <Callout tone="bad">{fault}</Callout>
        </div>
      )}
    </header>
  );
}

/** A link that opens a view of this page without loading it again. */
const follow = (view: Record<string, string>) => (event: { preventDefault(): void; metaKey: boolean; ctrlKey: boolean }) => {
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  goTo(view);
};

const TONES: Partial<Record<VerdictStatus, string>> = {
  PASSED: 'good',
  OVERTURNED: 'good',
  SUSPICIOUS: 'warn',
  CONTESTED: 'warn',
  VIOLATION: 'bad',
  UPHELD: 'bad',
};

export function Status({ review }: { review: VerdictStatus }) {
  const t = useTranslations('review');
  const person = usePerson();
  const me = useConsole().state.get().me?.name ?? '';
  return (
    <p className={`${styles['status']} ${styles[TONES[review] ?? 'plain']}`} data-testid="verdict">
      {isBlind(person, me) ? t('judge.second') : t('verdict', { status: review })}
    </p>
  );
}

/** What is left for everybody, and who comes next. */
function Workload() {
  const t = useTranslations('review');
  const { store } = useConsole();
  const { counts } = useExam();
  const { byId } = useStore(store.people);
  const { userId } = usePerson();
  const waiting = [...byId.values()].filter(needsLook);
  const at = waiting.findIndex((one) => one.userId === userId);
  const next = [...waiting.slice(at + 1), ...waiting.slice(0, Math.max(0, at))].find((one) => one.userId !== userId);
  return (
    <p className={styles['workload']}>
      <span>{t('workload', { warnings: counts.warnings.unreviewed, people: waiting.length })}</span>
      {next ? (
        <a href={addressOf({ person: next.userId })} onClick={follow({ person: next.userId })}>
          {t('next')}
          <span aria-hidden="true"> →</span>
        </a>
      ) : (
        <span>{t('noNext')}</span>
      )}
    </p>
  );
}
