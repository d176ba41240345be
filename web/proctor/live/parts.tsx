import { useTranslations } from 'use-intl';
import { SEVERITIES, type Person, type Severity, type Status } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import styles from './parts.module.css';

/** How many warnings nobody has decided on, and the most serious ones among all. */
export function CountChips({ counts }: { counts: Person['warningCounts'] }) {
  const t = useTranslations('people');
  const found = SEVERITIES.map((severity) => ({ severity, n: counts[severity.toLowerCase() as Lowercase<Severity>] })).filter(
    ({ severity, n }) => n > 0 && severity !== 'INFO',
  );
  if (found.length === 0) return null;
  return (
    <span className={styles['chips']}>
      {found.slice(0, 3).map(({ severity, n }) => (
        <span key={severity} className={styles['chip']}>
          <SeverityMark severity={severity} /> {n}
        </span>
      ))}
      {counts.unreviewed > 0 && <span className={styles['open']}>{t('open', { n: counts.unreviewed })}</span>}
    </span>
  );
}

const DOTS: Record<Status, string> = {
  INVITED: '○',
  CHECKING_IN: '◔',
  WAITING: '◑',
  ACTIVE: '●',
  DISCONNECTED: '✕',
  PAUSED: '❚❚',
  SUBMITTED: '✓',
  TIMED_OUT: '◷',
  TERMINATED: '■',
};

export function StatusMark({ status }: { status: Status }) {
  const t = useTranslations('status');
  return (
    <span className={`${styles['status']} ${styles[status]}`}>
      <span aria-hidden>{DOTS[status]}</span> {t(status)}
    </span>
  );
}

/** A raised hand. Not as a letter, which not every machine can draw. */
export const HandIcon = () => (
  <svg className={styles['icon']} viewBox="0 0 16 16" aria-hidden>
    <path d="M4 8V4.2a.8.8 0 0 1 1.6 0V7h.4V2.6a.8.8 0 0 1 1.6 0V7h.4V2.2a.8.8 0 0 1 1.6 0V7h.4V3.4a.8.8 0 0 1 1.6 0V10c0 3-1.6 5-4.4 5-2 0-3-1-4.2-3L1.6 9.6A.8.8 0 0 1 2.9 8.6z" />
  </svg>
);
