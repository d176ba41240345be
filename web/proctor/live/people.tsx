import { useDeferredValue, useMemo } from 'react';
import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useConsole } from '../use-console.ts';
import { BulkBar } from './bulk-bar.tsx';
import styles from './live.module.css';
import { PeopleList } from './people-list.tsx';
import { EVERYBODY } from './people-order.ts';
import { PeopleTools } from './people-tools.tsx';
import { Tiles } from './tiles.tsx';
import { useRanked } from './use-ranked.ts';
import { useLive, useView } from './view.ts';

/** Everybody in the exam: who needs a proctor first. */
export function People() {
  const t = useTranslations('people');
  const live = useLive();
  const { store } = useConsole();
  const { total, byId } = useStore(store.people);
  const { filter, order, layout, chosen } = useView();
  const asked = useDeferredValue(filter);
  const { ids, hold } = useRanked(asked, order);
  const shown = useMemo(() => ids.flatMap((id) => byId.get(id) ?? []), [ids, byId]);
  return (
    <section className={styles['people']} aria-label={t('title')}>
      <PeopleTools shown={shown.length} total={total} />
      {chosen.size > 0 && <BulkBar />}
      <div className={styles['scroll']} {...hold}>
        {shown.length === 0 ? (
          <div className={styles['empty']}>
            <Quiet>{total === 0 ? t('nobody') : t('noneFits')}</Quiet>
            {total > 0 && (
              <button type="button" className={styles['link']} onClick={() => live.set({ filter: EVERYBODY })}>
                {t('showAll')}
              </button>
            )}
          </div>
        ) : layout === 'list' ? (
          <PeopleList ids={ids} />
        ) : (
          <Tiles ids={ids} columns={{ 4: 2, 9: 3, 16: 4 }[layout]} />
        )}
      </div>
    </section>
  );
}
