import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Announcer } from './announcer.tsx';
import { Banner } from './banner.tsx';
import { DeedDialog } from './deed-dialog.tsx';
import { Feed } from './feed.tsx';
import { Header } from './header.tsx';
import styles from './live.module.css';
import { Notices } from './notices.tsx';
import { People } from './people.tsx';
import { PersonPanel } from './person-panel.tsx';
import { useKeys } from './use-keys.ts';
import { createView, useView, ViewProvider } from './view.ts';
import { WarningPanel } from './warning-panel.tsx';

/** The exam while it runs: people on one side, what happens on the other, and who or what is looked at between them. */
export function LivePage() {
  const [view] = useState(createView);
  return (
    <ViewProvider value={view}>
      <Live />
    </ViewProvider>
  );
}

function Live() {
  const t = useTranslations('head');
  const { person, warning } = useView();
  /** On a narrow screen one of them is shown. */
  const [side, setSide] = useState<'people' | 'feed'>('people');
  useKeys();
  return (
    <div className={styles['live']}>
      <Header />
      <Banner />
      <div className={styles['sides']} role="group" aria-label={t('sides')}>
        {(['people', 'feed'] as const).map((name) => (
          <button key={name} type="button" aria-pressed={side === name} onClick={() => setSide(name)}>
            {t(name)}
          </button>
        ))}
      </div>
      <main className={styles['work']} data-side={side} data-panel={person !== null || warning !== null || undefined}>
        <People />
        {warning !== null ? <WarningPanel id={warning} /> : person !== null && <PersonPanel userId={person} />}
        <Feed />
      </main>
      <Notices />
      <DeedDialog />
      <Announcer />
    </div>
  );
}
