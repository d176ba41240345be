import { useTranslations } from 'use-intl';
import { Hidden } from '../../shared/parts.tsx';
import { asClock } from '../../shared/time.ts';
import styles from './exam.module.css';
import { useRemaining } from './use-clock.ts';

/** The time left. Screen readers hear it when they come by, and at 30, 10, 5 and 1 minutes (announcer.tsx), never each second. */
export function Clock() {
  const t = useTranslations('exam');
  const seconds = useRemaining();
  if (seconds === null) return <span>{t('noClock')}</span>;
  const minutes = Math.ceil(seconds / 60);
  return (
    <span className={styles['clock']} data-testid="clock">
      <span className={styles['clockLabel']} aria-hidden>
        {t('remaining')}
      </span>
      <span aria-hidden>{asClock(seconds)}</span>
      <Hidden>{t('left', { hours: Math.floor(minutes / 60), minutes: minutes % 60 })}</Hidden>
    </span>
  );
}
