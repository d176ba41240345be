import { useTranslations } from 'use-intl';
import { useNow } from '../../shared/time.ts';
import { useConsoleState } from '../use-console.ts';
import styles from './header.module.css';

/** Said above everything: that the connection is gone, and what became of what happened meanwhile. */
export function Banner() {
  const t = useTranslations('banner');
  const { cutOffSince, replay } = useConsoleState();
  const now = useNow();
  // A blink of the network is not worth a word.
  const cutSeconds = cutOffSince === null ? 0 : Math.round((now - cutOffSince) / 1_000);
  return (
    <>
      <div role="alert">{cutSeconds >= 2 && <p className={styles['cut']}>{t('cut')}</p>}</div>
      <div role="status">
        {replay && (
          <p className={styles['replay']}>{replay.isDone ? t('replayed', { n: replay.events }) : t('replaying', { n: replay.events })}</p>
        )}
      </div>
    </>
  );
}
