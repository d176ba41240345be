import { type Language, PSEUDO } from '../../shared/language.ts';
import en from './en.json';

export type Messages = typeof en;

declare module 'use-intl' {
  interface AppConfig {
    Messages: Messages;
  }
}

/** English is in the page; others are loaded when somebody reads them. */
export async function loadMessages(language: Language): Promise<Messages> {
  if (language === 'de') return (await import('./de.json')).default;
  if (language === PSEUDO) return (await import('./en.json?pseudo')).default as Messages;
  return en;
}
