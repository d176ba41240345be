/** Each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
/** Made by scripts/pseudo-messages.mjs, to see what a translation would change; only by `?lang=ar-XB`. */
export const PSEUDO = 'ar-XB';
export type Language = keyof typeof LANGUAGES | typeof PSEUDO;

export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === PSEUDO ? 'rtl' : 'ltr');

/** The browser's own variant of it, by which dates and times are written: `en-GB` for `en`. */
export const variantOf = (language: Language): string => navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;

const CHOICE = 'invigil language';
const isLanguage = (code: string | null | undefined): code is keyof typeof LANGUAGES => code != null && code in LANGUAGES;

/** What the address asks for (`?lang=de`), else what was chosen here before, else the first of the browser's languages that there is. */
export function preferredLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === PSEUDO || isLanguage(asked)) return asked;
  const chosen = readChoice();
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}

function readChoice(): string | null {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(CHOICE, language);
  } catch {
    // Asked again the next time.
  }
}
