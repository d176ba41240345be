import { useEffect } from 'react';
import { goTo } from '../../shared/route.ts';
import { mayBeAdmitted } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import { linesOf } from './feed-order.ts';
import { type KeyDeed, deedOf } from './keys.ts';
import { useDecide } from './use-decide.ts';
import { useDeeds } from './use-deeds.ts';
import { useLive } from './view.ts';

/** Acts on single keys: on the open person and the open warning. */
export function useKeys(): void {
  const live = useLive();
  const { store, lowerHand } = useConsole();
  const decide = useDecide();
  const { resume } = useDeeds();

  useEffect(() => {
    function step(by: 1 | -1): void {
      const { feedFilter, isGrouped, warning, heldAt } = live.get();
      const { warnings } = store.feed.get();
      const shown = heldAt === null ? warnings : warnings.filter(({ seq }) => seq <= heldAt);
      const lines = linesOf(shown, feedFilter, isGrouped);
      const at = lines.findIndex((line) => line.warning.id === warning);
      const next = lines[at === -1 ? 0 : at + by];
      if (next) live.set({ warning: next.warning.id });
    }

    function act(deed: KeyDeed): void {
      const { person, warning, notices, heldAt } = live.get();
      const open = person === null ? undefined : store.people.get().byId.get(person);
      const whom = open && { userIds: [open.userId] };
      const ask = (kind: 'message' | 'pause' | 'time' | 'admit') => whom && live.set({ deed: { kind, whom } });
      switch (deed) {
        case 'next':
          return step(1);
        case 'previous':
          return step(-1);
        case 'confirm':
          if (warning !== null) void decide([warning], 'CONFIRMED', null).catch(() => {});
          return;
        case 'dismiss':
          if (warning !== null) live.set({ deed: { kind: 'dismiss', ids: [warning] } });
          return;
        case 'undo': {
          const last = notices.findLast(({ undo }) => undo !== null);
          if (!last?.undo) return;
          live.forget(last.id);
          void last.undo().catch(() => {});
          return;
        }
        case 'follow':
          return live.set({ heldAt: heldAt === null ? (store.feed.get().warnings.at(-1)?.seq ?? 0) : null });
        case 'pause':
          if (open?.status === 'PAUSED') void resume({ userIds: [open.userId] }).catch(() => {});
          else ask('pause');
          return;
        case 'admit':
          if (open && mayBeAdmitted(open)) ask(deed);
          return;
        case 'message':
        case 'time':
          ask(deed);
          return;
        case 'lower':
          if (open?.handRaised) void lowerHand(open.userId).catch(() => {});
          return;
        case 'review':
          if (open) goTo({ person: open.userId });
          return;
        case 'search':
          return document.querySelector<HTMLElement>('[data-search]')?.focus();
        case 'close':
          return live.set(warning === null ? { person: null } : { warning: null });
        case 'help':
          return live.set({ deed: { kind: 'keys' } });
      }
    }

    function onKey(event: KeyboardEvent): void {
      const deed = deedOf(event);
      const { hasKeys, deed: asked } = live.get();
      // A dialog has keys of its own, wherever the focus is.
      if (deed === null || !hasKeys || asked !== null) return;
      event.preventDefault();
      act(deed);
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [live, store, decide, resume, lowerHand]);
}
