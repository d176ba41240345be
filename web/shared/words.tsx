import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { IntlProvider, type Messages } from 'use-intl';
import { directionOf, type Language, LANGUAGES, preferredLanguage, PSEUDO, rememberLanguage, variantOf } from './language.ts';

type Load = (language: Language) => Promise<Messages>;

interface Choice {
  language: Language;
  choose(language: Language): Promise<void>;
}

const ChoiceContext = createContext<Choice | null>(null);

/** To the browser, and to screen readers. */
function announce(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

/**
 * The words that a page begins with: in English if those of the language do not come.
 * @param onMissing they are not on the server, which has another version of the page by now
 */
export async function firstWords(load: Load, onMissing = () => {}) {
  const preferred = preferredLanguage();
  const found = await load(preferred).catch(onMissing);
  const language: Language = found ? preferred : 'en';
  const messages = found ?? (await load(language));
  announce(language);
  return { language, messages };
}

interface Props {
  first: Awaited<ReturnType<typeof firstWords>>;
  load: Load;
  /** As that of `firstWords`. */
  onMissing?: () => void;
  children: ReactNode;
}

/** Gives a page its words, and lets people choose others (`LanguageSelect`). */
export function WordsProvider({ first, load, onMissing, children }: Props) {
  const [{ language, messages }, setWords] = useState(first);
  const choice = useMemo(() => {
    async function choose(next: Language): Promise<void> {
      const found = await load(next).catch(() => onMissing?.());
      if (!found) return;
      rememberLanguage(next);
      announce(next);
      setWords({ language: next, messages: found });
    }
    return { language, choose };
  }, [language, load, onMissing]);
  return (
    <ChoiceContext value={choice}>
      <IntlProvider locale={variantOf(language)} messages={messages} timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}>
        {children}
      </IntlProvider>
    </ChoiceContext>
  );
}

/** @param props.label in the language of now */
export function LanguageSelect({ label }: { label: string }) {
  const choice = use(ChoiceContext);
  return (
    <label>
      {label}{' '}
      <select value={choice?.language} onChange={({ target }) => void choice?.choose(target.value as Language)}>
        {choice?.language === PSEUDO && <option value={PSEUDO}>{PSEUDO}</option>}
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
