import { type ReactNode, useMemo } from 'react';
import { useTranslations } from 'use-intl';
import { useStore } from '../../shared/store.ts';
import { SEVERITIES, type WarningFacts } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import type { FeedFilter } from './feed-order.ts';
import styles from './feed.module.css';
import { useTypeLabel } from './labels.ts';
import { useLive, useView } from './view.ts';

const SOURCES = ['CLIENT', 'ANALYSIS', 'PROCTOR', 'SYSTEM'] as const satisfies readonly WarningFacts['source'][];

/** Which warnings are shown. */
export function FeedTools({ children }: { children: ReactNode }) {
  const t = useTranslations('feed');
  const s = useTranslations('severity');
  const live = useLive();
  const { store } = useConsole();
  const { warnings } = useStore(store.feed);
  const { feedFilter: filter, isGrouped } = useView();
  const label = useTypeLabel();
  const types = useMemo(() => [...new Set(warnings.map(({ type }) => type))].toSorted(), [warnings]);
  const set = (change: Partial<FeedFilter>) => live.set({ feedFilter: { ...filter, ...change } });
  return (
    <div className={styles['tools']}>
      <select
        aria-label={t('severity')}
        value={filter.severity}
        onChange={({ target }) => set({ severity: target.value as FeedFilter['severity'] })}
      >
        {SEVERITIES.map((severity) => (
          <option key={severity} value={severity}>
            {severity === 'INFO' ? t('all') : severity === 'CRITICAL' ? s(severity) : t('andAbove', { severity: s(severity) })}
          </option>
        ))}
      </select>
      <select aria-label={t('type')} value={filter.type ?? ''} onChange={({ target }) => set({ type: target.value || null })}>
        <option value="">{t('anyType')}</option>
        {types.map((type) => (
          <option key={type} value={type}>
            {label(type)}
          </option>
        ))}
      </select>
      <select
        aria-label={t('source')}
        value={filter.source ?? ''}
        onChange={({ target }) => set({ source: (target.value || null) as FeedFilter['source'] })}
      >
        <option value="">{t('anySource')}</option>
        {SOURCES.map((source) => (
          <option key={source} value={source}>
            {t(`by.${source}`)}
          </option>
        ))}
      </select>
      <label>
        <input type="checkbox" checked={filter.isOpen} onChange={({ target }) => set({ isOpen: target.checked })} /> {t('openOnly')}
      </label>
      <label>
        <input type="checkbox" checked={isGrouped} onChange={({ target }) => live.keep({ isGrouped: target.checked })} /> {t('group')}
      </label>
      {children}
    </div>
  );
}
