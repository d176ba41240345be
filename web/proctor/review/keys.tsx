import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Dialog } from '../../shared/dialog.tsx';
import { Button } from '../../shared/parts.tsx';
import { habits, keepHabits } from '../habits.ts';
import { KeyList } from '../key-list.tsx';
import { timeField, useTransport } from './transport.tsx';
import { useChoice, useReview } from './use-review.ts';
import { reasonField } from './warning-panel.tsx';

const takesText = (element: Element | null) =>
  element instanceof HTMLTextAreaElement ||
  element instanceof HTMLSelectElement ||
  (element instanceof HTMLInputElement && !['checkbox', 'radio', 'range'].includes(element.type));
/** What the space bar presses anyway. */
const takesSpace = (element: Element | null) => element?.closest('button, a, input, summary') != null;

/** Acts on single keys while they are on. @param onHelp must stay the same */
function useKeys(isOn: boolean, onHelp: () => void): void {
  const session = useReview();
  const act = useTransport();
  const { chosen } = useChoice();
  const now = useRef({ act, chosen });
  useEffect(() => {
    now.current = { act, chosen };
  });
  useEffect(() => {
    if (!isOn) return undefined;
    function onKey(event: KeyboardEvent): void {
      const target = document.activeElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || takesText(target)) return;
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
        '?': onHelp,
        ...(!takesSpace(target) && { ' ': act.toggle }),
      };
      const key = keys[event.key];
      if (!key) return;
      event.preventDefault();
      key();
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [session, isOn, onHelp]);
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

/** The keys of a review, and the button that opens their list. */
export function Keys() {
  const t = useTranslations('review.keys');
  const all = useTranslations('keys');
  const [isOpen, setOpen] = useState(false);
  const [isOn, setOn] = useState(() => habits().hasKeys);
  useKeys(
    isOn,
    useCallback(() => setOpen(true), []),
  );
  return (
    <>
      <Button onClick={() => setOpen(true)}>{all('title')}</Button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)}>
        {(titleId) => (
          <KeyList
            titleId={titleId}
            list={LIST.map(([does, keys]) => ({ does: t(does), keys: keys.map((key) => (key === 'space' ? t('space') : key)) }))}
            isOn={isOn}
            onSwitch={(hasKeys) => {
              keepHabits({ hasKeys });
              setOn(hasKeys);
            }}
            onClose={() => setOpen(false)}
          />
        )}
      </Dialog>
    </>
  );
}
