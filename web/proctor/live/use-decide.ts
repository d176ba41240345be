import { useTranslations } from 'use-intl';
import { useConsole } from '../use-console.ts';
import { useLive } from './view.ts';

/** Decides on warnings, and says so. @throws ApiError, NetworkError */
export function useDecide() {
  const t = useTranslations('done');
  const live = useLive();
  const { reviewWarnings } = useConsole();
  return async (ids: readonly string[], decision: 'CONFIRMED' | 'DISMISSED', reason: string | null): Promise<void> => {
    await reviewWarnings(ids, decision, reason);
    live.tell(t(decision, { n: ids.length }));
  };
}
