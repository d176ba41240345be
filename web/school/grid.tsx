import { type CSSProperties, type ReactNode, useRef, useSyncExternalStore } from 'react';
import { useRows } from '../staff/use-rows.ts';
import styles from './parts.module.css';

/** As in parts.module.css. */
const NARROW = matchMedia('(max-width: 40rem)');
const useIsNarrow = () =>
  useSyncExternalStore(
    (listener) => {
      NARROW.addEventListener('change', listener);
      return () => NARROW.removeEventListener('change', listener);
    },
    () => NARROW.matches,
  );

const ROW = 44;
const NARROW_ROW = 88;

interface Props<Item> {
  label: string;
  /** The names of the columns; an empty one for buttons. */
  heads: readonly string[];
  /** Their widths, as `grid-template-columns`; and those on a narrow screen, where the cells of a row stand in two lines or three. */
  columns: string;
  narrow: string;
  items: readonly Item[];
  keyOf(item: Item): string | number;
  /** One for each column. */
  renderCells(item: Item): readonly ReactNode[];
}

/** A table of any length: only the rows in view are in the page. */
export function Grid<Item>({ label, heads, columns, narrow, items, keyOf, renderCells }: Props<Item>) {
  const box = useRef<HTMLDivElement>(null);
  const height = useIsNarrow() ? NARROW_ROW : ROW;
  const rows = useRows({ count: items.length, box, height, overscan: 6 });
  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={items.length + 1}
      className={styles['grid']}
      style={{ '--columns': columns, '--narrow': narrow } as CSSProperties}
    >
      <div role="rowgroup" className={styles['heads']}>
        <div role="row" aria-rowindex={1} className={styles['head']}>
          {heads.map((head) => (
            <span key={head} role="columnheader">
              {head}
            </span>
          ))}
        </div>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, by the keyboard too */}
      <div ref={box} role="rowgroup" tabIndex={0} aria-label={label} className={styles['body']}>
        <div role="presentation" className={styles['rows']} style={{ blockSize: items.length * height }}>
          {rows.getVirtualItems().map(({ index }) => {
            const item = items[index];
            return (
              item !== undefined && (
                <div
                  key={keyOf(item)}
                  role="row"
                  aria-rowindex={index + 2}
                  className={styles['line']}
                  data-deeds={heads.includes('') || undefined}
                  style={{ transform: `translateY(${index * height}px)`, blockSize: height }}
                >
                  {renderCells(item).map((cell, at) => (
                    // oxlint-disable-next-line react/no-array-index-key -- columns do not move
                    <div key={at} role="cell" data-deeds={heads[at] === '' || undefined}>
                      {cell}
                    </div>
                  ))}
                </div>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}
