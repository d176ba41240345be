import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { IntlProvider, type Messages } from 'use-intl';
import { type Language, LANGUAGES, preferredLanguage, rememberLanguage, variantOf } from './language.ts';

type Load = (language: Language) => Promise<Messages>;

interface Choice {
  language: Language;
  choose(language: Language): Promise<void>;
}

const ChoiceContext = createContext<Choice | null>(null);

/** The words that a page begins with. */
export async function firstWords(load: Load) {
  const language = preferredLanguage();
  const messages = await load(language);
  document.documentElement.lang = language;
  return { language, messages };
}

interface Props {
  first: Awaited<ReturnType<typeof firstWords>>;
  load: Load;
  children: ReactNode;
}

/** Gives a page its words, and lets people choose others (`LanguageSelect`). */
export function WordsProvider({ first, load, children }: Props) {
  const [{ language, messages }, setWords] = useState(first);
  const choice = useMemo(() => {
    async function choose(next: Language): Promise<void> {
      const words = { language: next, messages: await load(next) };
      rememberLanguage(next);
      document.documentElement.lang = next;
      setWords(words);
    }
    return { language, choose };
  }, [language, load]);
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
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
