import { useTranslations } from 'use-intl';
import { isOfObjects } from '../../shared/slug.ts';
import { useConsoleState } from '../use-console.ts';

/** A type of warning in words: ours, else those of the server, else its name. */
export function useTypeLabel(): (type: string) => string {
  const t = useTranslations();
  const { types } = useConsoleState();
  return (type) => {
    const words = `warning.${type}`;
    if (!isOfObjects(type) && t.has(words as never)) return t(words as never);
    return types.get(type)?.description ?? (type.replaceAll('_', ' ').trim() || type);
  };
}
