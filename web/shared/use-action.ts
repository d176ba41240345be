import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { ApiError, NetworkError } from './api.ts';

/** An error in words. */
export function useFault() {
  const t = useTranslations('fault');
  return (error: unknown): string => {
    if (error instanceof NetworkError) return t('network');
    if (error instanceof ApiError) {
      const detail = error.details[0];
      return t('refused', { message: detail ? `${error.message} (${detail.field} ${detail.issue})` : error.message });
    }
    return t('other');
  };
}

/** A button's work: whether it runs, and what went wrong the last time. A second click while it runs does nothing. */
export function useAction<Args extends unknown[]>(work: (...args: Args) => Promise<void>) {
  const inWords = useFault();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  /** @returns whether it was done */
  const attempt = async (...args: Args): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    setFault(null);
    try {
      await work(...args);
      return true;
    } catch (error) {
      setFault(inWords(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { attempt, run: (...args: Args) => void attempt(...args), isBusy, fault };
}
