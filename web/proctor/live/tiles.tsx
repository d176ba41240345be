import { memo, type RefObject, useEffect, useRef, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Hidden } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useNow } from '../../shared/time.ts';
import { useRows } from '../../staff/use-rows.ts';
import { nameOf, type Person, unreadOf } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import styles from './live.module.css';
import { CountChips, HandIcon, StatusMark } from './parts.tsx';
import { useAbsence } from './person-facts.tsx';
import { usePicture } from './pictures.ts';
import tiles from './tiles.module.css';
import { useLive, useView } from './view.ts';

const GAP = 12;
/** Lines of words below a picture. */
const WORDS = 64;

/** A still picture for each person. Only those in view are in the page, and only their pictures are fetched. */
export function Tiles({ ids, columns: wished }: { ids: readonly string[]; columns: number }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const columns = width < 480 ? 1 : Math.min(wished, Math.max(1, Math.floor(width / 150)));
  const inlineSize = (width - GAP * (columns + 1)) / columns;
  const height = Math.max(120, Math.round((inlineSize * 3) / 4) + WORDS + GAP);
  return (
    <div ref={box} className={styles['box']}>
      <Rows key={`${columns} ${height}`} ids={ids} box={box} columns={columns} inlineSize={inlineSize} height={height} />
    </div>
  );
}

interface RowsProps {
  ids: readonly string[];
  box: RefObject<HTMLElement | null>;
  columns: number;
  /** Of a tile, in pixels; `height` with the gap below it. */
  inlineSize: number;
  height: number;
}

function Rows({ ids, box, columns, inlineSize, height }: RowsProps) {
  const t = useTranslations('people');
  const { store } = useConsole();
  const { byId } = useStore(store.people);
  const unread = unreadOf(useStore(store.messages).all);
  const { person: open, chosen } = useView();
  useNow(10_000);
  const rows = useRows({ count: Math.ceil(ids.length / columns), box, height, overscan: 1 });
  const shown = rows.getVirtualItems().flatMap(({ index, start }) =>
    ids.slice(index * columns, (index + 1) * columns).flatMap((userId, column) => {
      const person = byId.get(userId);
      return person ? [{ person, at: index * columns + column, x: GAP + column * (inlineSize + GAP), y: start + GAP }] : [];
    }),
  );
  return (
    <ul className={styles['rows']} style={{ blockSize: rows.getTotalSize() }} aria-label={t('title')}>
      {shown.map(({ person, at, x, y }) => (
        <li
          key={person.userId}
          className={tiles['tile']}
          data-open={open === person.userId || undefined}
          data-chosen={chosen.has(person.userId) || undefined}
          aria-posinset={at + 1}
          aria-setsize={ids.length}
          style={{ transform: `translate(${x}px, ${y}px)`, inlineSize, blockSize: height - GAP }}
        >
          <Tile person={person} hasWritten={unread.has(person.userId)} />
        </li>
      ))}
    </ul>
  );
}

function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = box.current;
    const observer = new ResizeObserver(() => element && setWidth(element.clientWidth));
    if (element) observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

const Tile = memo(function Tile({ person, hasWritten }: { person: Person; hasWritten: boolean }) {
  const t = useTranslations('people');
  const live = useLive();
  const absence = useAbsence(person);
  const name = nameOf(person);
  return (
    <button type="button" className={tiles['tileButton']} onClick={() => live.set({ person: person.userId, warning: null })}>
      <span className={tiles['tilePicture']}>
        <PersonPicture person={person} />
      </span>
      <span className={tiles['tileWords']}>
        <span className={tiles['tileName']}>
          {hasWritten && (
            <span className={styles['hand']} title={t('message')}>
              ✉<Hidden>{t('message')} </Hidden>
            </span>
          )}
          {person.handRaised && (
            <span className={styles['hand']} title={person.handText ?? t('hand')}>
              <HandIcon />
              <Hidden>{t('hand')} </Hidden>
            </span>
          )}
          <span className={styles['name']} dir="auto">
            {name}
          </span>
        </span>
        <span className={tiles['tileState']}>
          {absence ? <span className={styles['sub']}>{absence}</span> : <StatusMark status={person.status} />}
          <CountChips counts={person.warningCounts} />
        </span>
        {person.accommodations.length > 0 && <span className={styles['sub']}>{t('accommodated')}</span>}
      </span>
    </button>
  );
});

/** The newest picture of the camera, and when it was taken. */
export function PersonPicture({ person }: { person: Person }) {
  const t = useTranslations('people');
  const format = useFormatter();
  const takenAt = person.pulse ? person.pulse.snapshotAt : (person.latestSnapshot?.takenAt ?? null);
  const picture = usePicture({ userId: person.userId, link: person.latestSnapshot?.url, takenAt });
  if (!picture) return <span className={styles['noPicture']}>{t('noPicture')}</span>;
  const time = takenAt === null ? '' : format.dateTime(new Date(takenAt), { timeStyle: 'medium' });
  return (
    <span className={styles['picture']}>
      <img src={picture} alt={t('picture', { name: nameOf(person), time })} />
      <span className={styles['takenAt']} aria-hidden>
        {time}
      </span>
    </span>
  );
}
