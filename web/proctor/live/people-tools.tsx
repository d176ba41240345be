import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { LAYOUTS } from '../habits.ts';
import { STATUSES } from '../session/model.ts';
import { useConsoleState, useExam } from '../use-console.ts';
import styles from './live.module.css';
import { type Order, ORDERS, type PeopleFilter } from './people-order.ts';
import { useLive, useView } from './view.ts';

const REVIEWS = ['NOT_REVIEWED', 'IN_REVIEW', 'SUSPICIOUS', 'VIOLATION', 'CONTESTED', 'UPHELD', 'OVERTURNED', 'PASSED'] as const;

/** Who is shown, in which order and how. */
export function PeopleTools({ shown, total }: { shown: number; total: number }) {
  const t = useTranslations('people');
  const s = useTranslations('status');
  const r = useTranslations('verdict');
  const live = useLive();
  const { groups } = useExam();
  const { me } = useConsoleState();
  const { filter, order, layout } = useView();
  const search = useId();
  const mine = groups.filter(({ takenBy }) => takenBy === me?.name).map(({ name }) => name);
  const set = (change: Partial<PeopleFilter>) => live.set({ filter: { ...filter, ...change } });
  return (
    <div className={styles['tools']} role="search" aria-label={t('filter')}>
      <label className={styles['hiddenLabel']} htmlFor={search}>
        {t('search')}
      </label>
      <input
        id={search}
        className={styles['search']}
        type="search"
        data-search
        placeholder={t('search')}
        value={filter.search}
        onChange={({ target }) => set({ search: target.value })}
      />
      <select aria-label={t('state')} value={filter.state} onChange={({ target }) => set({ state: target.value as PeopleFilter['state'] })}>
        <option value="all">{t('everybody')}</option>
        <option value="inside">{t('inside')}</option>
        <option value="missing">{t('missing')}</option>
        <option value="left">{t('left')}</option>
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {s(status)}
          </option>
        ))}
      </select>
      {groups.length > 0 && (
        <select aria-label={t('group')} value={filter.group ?? ''} onChange={({ target }) => set({ group: target.value || null })}>
          <option value="">{t('allGroups')}</option>
          {groups.map(({ name, takenBy }) => (
            <option key={name} value={name}>
              {takenBy === null ? name : t('taken', { name, by: takenBy })}
            </option>
          ))}
        </select>
      )}
      {groups.length > 0 && (
        <>
          <label>
            <input
              type="checkbox"
              disabled={mine.length === 0 && filter.share === null}
              checked={filter.share !== null}
              onChange={({ target }) => set({ share: target.checked ? mine : null })}
            />{' '}
            {t('mine')}
          </label>
          <button type="button" className={styles['link']} onClick={() => live.set({ deed: { kind: 'shares' } })}>
            {t('shares')}
          </button>
        </>
      )}
      <select
        aria-label={t('review')}
        value={filter.review ?? ''}
        onChange={({ target }) => set({ review: (target.value || null) as PeopleFilter['review'] })}
      >
        <option value="">{t('anyReview')}</option>
        {REVIEWS.map((review) => (
          <option key={review} value={review}>
            {r(review)}
          </option>
        ))}
      </select>
      <select aria-label={t('order')} value={order} onChange={({ target }) => live.keep({ order: target.value as Order })}>
        {ORDERS.map((name) => (
          <option key={name} value={name}>
            {t(`by.${name}`)}
          </option>
        ))}
      </select>
      <fieldset className={styles['layouts']}>
        <legend className={styles['hiddenLabel']}>{t('layout')}</legend>
        {LAYOUTS.map((name) => (
          <label key={name} className={styles['layout']}>
            <input type="radio" name="layout" checked={layout === name} onChange={() => live.keep({ layout: name })} />
            <span>{name === 'list' ? t('list') : t('tiles', { n: name })}</span>
          </label>
        ))}
      </fieldset>
      <span className={styles['shown']}>{t('shown', { shown, total })}</span>
    </div>
  );
}
