import { useTranslations } from 'use-intl';
import styles from './judge.module.css';
import { usePerson, useTimes } from './use-review.ts';

/** Who decided what, and why: nothing of it is ever changed. */
export function VerdictList() {
  const t = useTranslations();
  const { verdicts } = usePerson();
  const { full } = useTimes();
  if (verdicts.length === 0) return null;
  return (
    <div className={styles['history']}>
      <h3>{t('review.judge.history')}</h3>
      <ol>
        {verdicts.map(({ status, reason, by, at, final }) => (
          <li key={`${at} ${by}`}>
            <p>
              <strong>{t(`verdict.${status}`)}</strong>
              {!final && status !== 'IN_REVIEW' && ` – ${t('review.judge.open')}`}
            </p>
            {reason !== null && <p dir="auto">{reason}</p>}
            <p className={styles['by']}>
              <bdi>{by}</bdi>, {full(at)}
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}
