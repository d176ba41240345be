import { useTranslations } from 'use-intl';
import { useConsoleState } from '../use-console.ts';

/** A type of warning in words: ours, else those of the server, else its name. */
export function useTypeLabel(): (type: string) => string {
  const t = useTranslations();
  const { types } = useConsoleState();
  return (type) => {
    const words = `warning.${type}`;
    return t.has(words as never) ? t(words as never) : (types.get(type)?.description ?? type.replaceAll('_', ' '));
  };
}
