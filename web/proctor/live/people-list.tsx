import { type KeyboardEvent, memo, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { useStore } from '../../shared/store.ts';
import { useNow } from '../../shared/time.ts';
import { useRows } from '../../staff/use-rows.ts';
import { nameOf, type Person, unreadOf } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import styles from './live.module.css';
import { CountChips, HandIcon, StatusMark } from './parts.tsx';
import list from './people-list.module.css';
import { useAbsence, useTimeLeft } from './person-facts.tsx';
import { useLive, useView } from './view.ts';

const ROW = 52;

/** A line for each person; only those in view are in the page. Arrow keys move from one to the next. */
export function PeopleList({ ids }: { ids: readonly string[] }) {
  const t = useTranslations('people');
  const { store } = useConsole();
  const { byId } = useStore(store.people);
  const unread = unreadOf(useStore(store.messages).all);
  const { person: open, chosen } = useView();
  const box = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  // Times are told by the minute.
  useNow(10_000);
  const rows = useRows({ count: ids.length, box, height: ROW, overscan: 6 });

  function move({ key, target }: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -ids.length, End: ids.length }[key];
    const at = Number((target as HTMLElement).closest('[data-row]')?.getAttribute('data-row') ?? Number.NaN);
    if (step === undefined || Number.isNaN(at)) return;
    const next = Math.min(ids.length - 1, Math.max(0, at + step));
    setCurrent(next);
    rows.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${next}"] button`)?.focus());
  }

  return (
    <div ref={box} className={styles['box']}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys are those of the buttons inside */}
      <ul
        className={styles['rows']}
        style={{ blockSize: rows.getTotalSize() }}
        aria-label={t('title')}
        onKeyDown={(event) => {
          if (!['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].includes(event.key)) return;
          event.preventDefault();
          move(event);
        }}
      >
        {rows.getVirtualItems().map(({ index, start }) => {
          const person = byId.get(ids[index] ?? '');
          return (
            person && (
              <li
                key={person.userId}
                data-row={index}
                className={list['row']}
                style={{ transform: `translateY(${start}px)`, blockSize: ROW }}
                aria-posinset={index + 1}
                aria-setsize={ids.length}
                data-open={open === person.userId || undefined}
              >
                <PersonRow
                  person={person}
                  hasWritten={unread.has(person.userId)}
                  isChosen={chosen.has(person.userId)}
                  isCurrent={index === Math.min(current, ids.length - 1)}
                />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

interface RowProps {
  person: Person;
  /** A message of this person waits to be read. */
  hasWritten: boolean;
  isChosen: boolean;
  isCurrent: boolean;
}

const PersonRow = memo(function PersonRow({ person, hasWritten, isChosen, isCurrent }: RowProps) {
  const t = useTranslations('people');
  const v = useTranslations('verdict');
  const live = useLive();
  const absence = useAbsence(person);
  const left = useTimeLeft(person);
  const name = nameOf(person);
  return (
    <>
      <input
        type="checkbox"
        aria-label={t('choose', { name })}
        checked={isChosen}
        onChange={({ target }) => live.choose(person.userId, target.checked)}
      />
      <button
        type="button"
        className={list['who']}
        tabIndex={isCurrent ? 0 : -1}
        onClick={() => live.set({ person: person.userId, warning: null })}
      >
        <span className={styles['name']} dir="auto">
          {name}
        </span>
        <span className={styles['sub']} dir="auto">
          {[person.name ? person.userId : null, person.group].filter(Boolean).join(' · ')}
        </span>
      </button>
      <span className={list['marks']}>
        {hasWritten && (
          <span className={styles['hand']} title={t('message')}>
            ✉ <span className={list['word']}>{t('message')}</span>
          </span>
        )}
        {person.handRaised && (
          <span className={styles['hand']} title={person.handText ?? t('hand')}>
            <HandIcon /> <span className={list['word']}>{t('hand')}</span>
          </span>
        )}
        {person.review === 'CONTESTED' && <span className={styles['hand']}>{v('CONTESTED')}</span>}
        <CountChips counts={person.warningCounts} />
      </span>
      <span className={list['state']}>
        <StatusMark status={person.status} />
        <span className={styles['sub']}>{absence ?? left}</span>
      </span>
    </>
  );
});
