import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { LanguageSelect } from '../shared/words.tsx';
import styles from './page.module.css';

/** A page of one column, for everything that is read rather than watched. */
export function Page({ children, wide = false, nav }: { children: ReactNode; wide?: boolean; nav?: ReactNode }) {
  const t = useTranslations('page');
  return (
    <div className={styles['page']}>
      <header className={styles['top']}>
        <span className={styles['brand']}>Invigil</span>
        {nav}
        <LanguageSelect label={t('language')} />
      </header>
      <main className={wide ? styles['wide'] : styles['column']}>{children}</main>
    </div>
  );
}
