import { useTranslations } from 'use-intl';
import { Hidden } from '../shared/parts.tsx';
import type { Severity } from './session/model.ts';
import styles from './severity.module.css';

/** A shape for each, so that colour is never all that tells them apart. Drawn, since not every machine has such letters. */
const SHAPES: Readonly<Record<Severity, string>> = {
  CRITICAL: 'M8 1l7 7-7 7-7-7z',
  HIGH: 'M8 1.5L15 14H1z',
  MEDIUM: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  LOW: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z',
  INFO: 'M3 7h10v2H3z',
};

/** The shape alone: for places that say the word themselves. */
export const SeverityShape = ({ severity }: { severity: Severity }) => (
  <svg viewBox="0 0 16 16" aria-hidden="true" className={`${styles['shape']} ${styles[severity]}`}>
    <path d={SHAPES[severity]} />
  </svg>
);

/** The shape, and the word to read or to hear. */
export function SeverityMark({ severity, withWord = false }: { severity: Severity; withWord?: boolean }) {
  const t = useTranslations('severity');
  return (
    <span className={styles['mark']}>
      <SeverityShape severity={severity} />
      {withWord ? <strong className={styles[severity]}>{t(severity)}</strong> : <Hidden>{t(severity)}</Hidden>}
    </span>
  );
}
