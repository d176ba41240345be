import { useTranslations } from 'use-intl';
import type { Severity } from '../session/model.ts';
import styles from './mark.module.css';

/** Severity by shape before colour. */
const SHAPES: Readonly<Record<Severity, string>> = {
  CRITICAL: 'M8 1l7 7-7 7-7-7z',
  HIGH: 'M8 1.5L15 14H1z',
  MEDIUM: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  LOW: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z',
  INFO: 'M3 7h10v2H3z',
};

export const Mark = ({ severity }: { severity: Severity }) => (
  <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className={`${styles['mark']} ${styles[severity.toLowerCase()]}`}>
    <path d={SHAPES[severity]} />
  </svg>
);

/** The shape and the word. */
export function SeverityWord({ severity }: { severity: Severity }) {
  const t = useTranslations('severity');
  return (
    <span className={styles['word']}>
      <Mark severity={severity} />
      {t(severity)}
    </span>
  );
}
