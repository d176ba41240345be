import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Quiet } from '../../shared/parts.tsx';
import { SEVERITIES, type Severity } from '../session/model.ts';
import { Decide, Done } from './decide.tsx';
import styles from './moment-list.module.css';
import { MomentRow } from './moment-row.tsx';
import { isWarning, type Moment } from './moments.ts';
import { useChoice, usePlayerTime, useReviewState } from './use-review.ts';

type Which = 'everything' | 'warnings' | 'open' | 'decided';
const WHICH: readonly Which[] = ['everything', 'warnings', 'open', 'decided'];
/** Rows that are drawn at first, and with each step. */
const STEP = 300;

function fits(moment: Moment, which: Which, least: Severity): boolean {
  if (which === 'everything' && !isWarning(moment)) return true;
  if (!isWarning(moment)) return false;
  const { severity, review } = moment.warning;
  if (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(least)) return false;
  if (which === 'open') return review === null;
  return which !== 'decided' || review !== null;
}

/** Everything that happened, for eyes, keyboard and screen reader; warnings can be chosen one by one or many at once. */
export function MomentList() {
  const t = useTranslations('review.list');
  const s = useTranslations('severity');
  const { moments } = useReviewState();
  const { chosen } = useChoice();
  const [which, setWhich] = useState<Which>('everything');
  const [least, setLeast] = useState<Severity>('INFO');
  const [most, setMost] = useState(STEP);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  // What is open stays in the list when it is decided on, until another one is.
  const fitting = useMemo(
    () => moments.filter((moment) => fits(moment, which, least) || (moment.key === chosen && isWarning(moment) && which === 'open')),
    [moments, which, least, chosen],
  );
  const shown = fitting.slice(0, most);
  const current = useCurrent(shown);
  const warnings = fitting.filter(isWarning);
  const chosenOnes = warnings.filter(({ key }) => selected.has(key));
  const types = new Set(chosenOnes.map(({ warning }) => warning.type));
  const toggle = useCallback((key: string, isOn: boolean) => {
    setSelected((before) => {
      const next = new Set(before);
      if (isOn) next.add(key);
      else next.delete(key);
      return next;
    });
  }, []);
  const selectAll = (test: (type: string) => boolean) =>
    setSelected(new Set(warnings.filter(({ warning }) => test(warning.type)).map(({ key }) => key)));
  const clear = () => setSelected(new Set());
  return (
    <section className={styles['list']} aria-labelledby="moments-title">
      <div className={styles['bar']}>
        <h2 id="moments-title">{t('title')}</h2>
        <div className={styles['filters']}>
          <label>
            <span>{t('show')}</span>{' '}
            <select value={which} onChange={({ target }) => setWhich(target.value as Which)}>
              {WHICH.map((one) => (
                <option key={one} value={one}>
                  {t(one)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{t('severity')}</span>{' '}
            <select value={least} onChange={({ target }) => setLeast(target.value as Severity)}>
              {SEVERITIES.toReversed().map((one) => (
                <option key={one} value={one}>
                  {one === 'INFO' ? t('any') : s(one)}
                </option>
              ))}
            </select>
          </label>
        </div>
        {warnings.length > 0 && (
          <div className={styles['bulk']}>
            <span role="status">{chosenOnes.length > 0 && t('selected', { count: chosenOnes.length })}</span>
            <Button className={styles['small']} onClick={() => selectAll(() => true)}>
              {t('selectAll')}
            </Button>
            {chosenOnes.length > 0 && (
              <>
                {types.size === 1 && (
                  <Button className={styles['small']} onClick={() => selectAll((type) => types.has(type))}>
                    {t('sameType')}
                  </Button>
                )}
                <Button className={styles['small']} onClick={clear}>
                  {t('clear')}
                </Button>
              </>
            )}
          </div>
        )}
        {chosenOnes.length > 0 && <Decide ids={chosenOnes.map(({ key }) => key)} onDone={clear} />}
        <Done />
      </div>
      {shown.length === 0 ? (
        <div className={styles['empty']}>
          <Quiet>{t(moments.length === 0 ? 'nothing' : 'none')}</Quiet>
        </div>
      ) : (
        <Rows shown={shown} current={current} selected={selected} onSelect={toggle} />
      )}
      {fitting.length > most && (
        <Button className={styles['small']} onClick={() => setMost(most + STEP)}>
          {t('more', { count: Math.min(STEP, fitting.length - most) })}
        </Button>
      )}
    </section>
  );
}

/** The newest moment that the player has reached. */
function useCurrent(shown: readonly Moment[]): string | null {
  const at = usePlayerTime();
  return shown.findLast(({ from }) => from <= at + 250)?.key ?? null;
}

interface RowsProps {
  shown: readonly Moment[];
  current: string | null;
  selected: ReadonlySet<string>;
  onSelect(key: string, isOn: boolean): void;
}

function Rows({ shown, current, selected, onSelect }: RowsProps) {
  const ref = useRef<HTMLOListElement>(null);
  const place = shown.findIndex(({ key }) => key === current);
  // Goes along with the player, but not under a pointer or the focus.
  useEffect(() => {
    const list = ref.current;
    if (!list || list.matches(':hover') || list.contains(document.activeElement)) return;
    const row = list.children[place];
    if (!(row instanceof HTMLElement)) return;
    const top = row.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
  }, [place]);
  return (
    <ol className={styles['rows']} ref={ref}>
      {shown.map((moment) => (
        <MomentRow
          key={moment.key}
          moment={moment}
          isCurrent={moment.key === current}
          isSelected={selected.has(moment.key)}
          onSelect={onSelect}
        />
      ))}
    </ol>
  );
}
