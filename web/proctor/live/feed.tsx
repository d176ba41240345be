import { memo, useEffect, useMemo, useRef } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Quiet } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useAction } from '../../shared/use-action.ts';
import { useRows } from '../../staff/use-rows.ts';
import { nameOf } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useConsole } from '../use-console.ts';
import { type FeedLine, linesOf } from './feed-order.ts';
import { FeedTools } from './feed-tools.tsx';
import styles from './feed.module.css';
import { useTypeLabel } from './labels.ts';
import { useLive, useView } from './view.ts';

const ROW = 60;
/** So near to the top counts as the top. */
const TOP = 24;

/** The newest warnings. It follows, or it stands still and says how many are new: nothing moves under somebody who reads. */
export function Feed() {
  const t = useTranslations('feed');
  const live = useLive();
  const { store, readEarlier } = useConsole();
  const { warnings, hasEarlier } = useStore(store.feed);
  const { heldAt, feedFilter, isGrouped, warning: open } = useView();
  const box = useRef<HTMLDivElement>(null);
  const hasOpened = useRef(false);
  const earlier = useAction(readEarlier);
  const newest = warnings.at(-1)?.seq ?? 0;

  const lines = useMemo(() => {
    const shown = heldAt === null ? warnings : warnings.filter(({ seq }) => seq <= heldAt);
    return linesOf(shown, feedFilter, isGrouped);
  }, [warnings, heldAt, feedFilter, isGrouped]);
  const waiting = useMemo(() => {
    if (heldAt === null) return 0;
    return linesOf(
      warnings.filter(({ seq }) => seq > heldAt),
      feedFilter,
      false,
    ).length;
  }, [warnings, heldAt, feedFilter]);

  const rows = useRows({ count: lines.length + 1, box, height: ROW, overscan: 8 });
  const hold = () => live.get().heldAt === null && live.set({ heldAt: newest });
  function follow(): void {
    live.set({ heldAt: null });
    rows.scrollToOffset(0);
  }

  // Whoever scrolls down reads; whoever is back at the top, with nothing open, follows again.
  function onScroll(): void {
    if ((box.current?.scrollTop ?? 0) > TOP) hold();
  }
  useEffect(() => {
    if (open !== null && live.get().heldAt === null) live.set({ heldAt: newest });
    else if (open === null && (box.current?.scrollTop ?? 0) <= TOP && hasOpened.current) live.set({ heldAt: null });
    hasOpened.current = open !== null;
  }, [open, newest, live]);

  return (
    <section className={styles['feed']} aria-label={t('title')}>
      <FeedTools>
        <Button className={styles['follow']} aria-pressed={heldAt === null} onClick={() => (heldAt === null ? hold() : follow())}>
          {heldAt === null ? t('following') : waiting === 0 ? t('paused') : t('new', { n: waiting })}
        </Button>
      </FeedTools>
      <div ref={box} className={styles['box']} onScroll={onScroll}>
        {lines.length === 0 && !hasEarlier ? (
          <div className={styles['empty']}>
            <Quiet>{warnings.length === 0 ? t('none') : t('noneFits')}</Quiet>
          </div>
        ) : (
          <ol className={styles['lines']} style={{ blockSize: rows.getTotalSize() }} aria-label={t('title')}>
            {rows.getVirtualItems().map(({ index, start }) => {
              const line = lines[index];
              return (
                <li
                  key={line?.warning.id ?? 'end'}
                  className={styles['line']}
                  style={{ transform: `translateY(${start}px)`, blockSize: ROW }}
                  aria-posinset={index + 1}
                  aria-setsize={lines.length}
                  data-open={(line && line.warning.id === open) || undefined}
                  data-decided={line?.warning.review?.decision}
                >
                  {line ? (
                    <Line line={line} />
                  ) : (
                    <span className={styles['end']}>
                      {hasEarlier ? (
                        <button type="button" className={styles['earlier']} disabled={earlier.isBusy} onClick={() => earlier.run()}>
                          {earlier.isBusy ? t('loading') : t('earlier')}
                        </button>
                      ) : (
                        t('beginning')
                      )}
                      {earlier.fault}
                    </span>
                  )}
                </li>
              );
            })}
          </ol>
        )}
      </div>
    </section>
  );
}

const Line = memo(
  function Line({ line: { warning, count, open } }: { line: FeedLine }) {
    const t = useTranslations('feed');
    const format = useFormatter();
    const live = useLive();
    const { store } = useConsole();
    const label = useTypeLabel();
    const person = warning.userId === null ? undefined : store.people.get().byId.get(warning.userId);
    return (
      <button type="button" className={styles['lineButton']} onClick={() => live.set({ warning: warning.id })}>
        <SeverityMark severity={warning.severity} />
        <span className={styles['words']}>
          <span className={styles['type']}>
            {label(warning.type)}
            {count > 1 && <span className={styles['count']}> ×{count}</span>}
          </span>
          <span className={styles['sub']} dir="auto">
            {person ? nameOf(person) : warning.userId}
          </span>
        </span>
        <span className={styles['when']}>
          <time dateTime={warning.timestamp}>{format.dateTime(new Date(warning.timestamp), { timeStyle: 'medium' })}</time>
          <span className={styles['sub']}>
            {warning.review ? t(warning.review.decision) : count > 1 && open > 0 ? t('open', { n: open }) : t(`by.${warning.source}`)}
          </span>
        </span>
      </button>
    );
  },
  (before, after) =>
    before.line.warning === after.line.warning && before.line.count === after.line.count && before.line.open === after.line.open,
);
