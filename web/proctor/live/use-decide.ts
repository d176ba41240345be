import { useTranslations } from 'use-intl';
import { useConsole } from '../use-console.ts';
import { useLive } from './view.ts';

/** Decides on warnings, and says so. @throws ApiError, NetworkError */
export function useDecide() {
  const t = useTranslations('done');
  const live = useLive();
  const { store, reviewWarnings, reopenWarnings } = useConsole();
  return async (ids: readonly string[], decision: 'CONFIRMED' | 'DISMISSED', reason: string | null): Promise<void> => {
    const asked = new Set(ids);
    const decided = store.feed.get().warnings.filter(({ id, review }) => asked.has(id) && review !== null);
    await reviewWarnings(ids, decision, reason);
    for (const { id } of decided) asked.delete(id);
    live.tell(t(decision, { n: ids.length }), async () => {
      await reopenWarnings([...asked]);
      // What somebody had decided before is so again.
      for (const { id, review } of decided) if (review) await reviewWarnings([id], review.decision, review.reason);
    });
  };
}
