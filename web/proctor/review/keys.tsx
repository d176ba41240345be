import { useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import styles from './keys.module.css';
import { timeField, useTransport } from './transport.tsx';
import { useChoice, useReview } from './use-review.ts';
import { reasonField } from './warning-panel.tsx';

/** Single keys can be switched off, as WCAG 2.1.4 asks: the same switch as in the live view. */
const KEPT = 'invigil console';

function kept(): { hasKeys?: boolean } {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as { hasKeys?: boolean };
  } catch {
    return {};
  }
}
const areOff = () => kept().hasKeys === false;

function switchKeys(hasKeys: boolean): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), hasKeys }));
  } catch {
    // Asked again the next time.
  }
}

const takesText = (element: Element | null) =>
  element instanceof HTMLTextAreaElement ||
  element instanceof HTMLSelectElement ||
  (element instanceof HTMLInputElement && !['checkbox', 'radio', 'range'].includes(element.type));
/** What the space bar presses anyway. */
const takesSpace = (element: Element | null) => element?.closest('button, a, input, summary') != null;

export function useKeys(): void {
  const session = useReview();
  const act = useTransport();
  const { chosen } = useChoice();
  const now = useRef({ act, chosen });
  useEffect(() => {
    now.current = { act, chosen };
  });
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const target = document.activeElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || takesText(target) || areOff()) return;
      if (document.querySelector('dialog[open]')) return;
      const { act, chosen } = now.current;
      const keys: Record<string, () => void> = {
        p: act.toggle,
        b: () => act.jump(-1),
        n: () => act.jump(1),
        k: () => act.toWarning(-1),
        j: () => act.toWarning(1),
        g: () => timeField.current?.focus(),
        '<': () => act.faster(-1),
        '>': () => act.faster(1),
        y: () => chosen !== null && void session.decide([chosen], 'CONFIRMED', null).catch(session.tellRefused),
        x: () => reasonField.current?.focus(),
        z: () => void session.undo().catch(session.tellRefused),
        '?': () => document.querySelector<HTMLDialogElement>('#review-keys')?.showModal(),
        ...(!takesSpace(target) && { ' ': act.toggle }),
      };
      const key = keys[event.key];
      if (!key) return;
      event.preventDefault();
      key();
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [session]);
}

const LIST = [
  ['play', ['p', 'space']],
  ['jump', ['b', 'n']],
  ['goTo', ['g']],
  ['warning', ['j', 'k']],
  ['confirm', ['y']],
  ['dismiss', ['x']],
  ['undo', ['z']],
  ['speed', ['<', '>']],
  ['help', ['?']],
] as const;

/** Which keys there are, and whether they are used. */
export function KeyHelp() {
  const t = useTranslations('review.keys');
  const ref = useRef<HTMLDialogElement>(null);
  const [isOn, setOn] = useState(() => !areOff());
  return (
    <>
      <Button onClick={() => ref.current?.showModal()}>{t('title')}</Button>
      <dialog ref={ref} id="review-keys" className={styles['dialog']} aria-labelledby="review-keys-title">
        <h2 id="review-keys-title">{t('title')}</h2>
        <dl className={styles['keys']}>
          {LIST.map(([what, keys]) => (
            <div key={what}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key === 'space' ? t('space') : key}</kbd>
                ))}
              </dt>
              <dd>{t(what)}</dd>
            </div>
          ))}
        </dl>
        <label className={styles['use']}>
          <input
            type="checkbox"
            checked={isOn}
            onChange={({ target }) => {
              switchKeys(target.checked);
              setOn(target.checked);
            }}
          />
          {t('use')}
        </label>
        <Button onClick={() => ref.current?.close()}>{t('close')}</Button>
      </dialog>
    </>
  );
}
