import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { IntlProvider } from 'use-intl';
import '../shared/tokens.css';
import '../shared/base.css';
import { createCapture } from './capture/create-capture.ts';
import { RoomPage } from './room-page.tsx';
import { createRoom } from './session/room.ts';
import { type Language, loadMessages, type Messages, preferredLanguage, rememberLanguage, variantOf } from './strings/language.ts';
import { RoomProvider } from './use-room.ts';

/** The page is at …/exam/{id}, also behind a proxy that adds a prefix. */
const room = createRoom({
  root: new URL('../', location.href.split('#', 1)[0]),
  examId: location.pathname.split('/').pop() ?? '',
  link: new URLSearchParams(location.hash.slice(1)).get('t'),
  practice: new URLSearchParams(location.search).has('practice'),
  createCapture,
});

function App({ first }: { first: { language: Language; messages: Messages } }) {
  const [{ language, messages }, setWords] = useState(first);
  async function choose(next: Language): Promise<void> {
    const words = { language: next, messages: await loadMessages(next) };
    rememberLanguage(next);
    document.documentElement.lang = next;
    setWords(words);
  }
  return (
    <IntlProvider locale={variantOf(language)} messages={messages} timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}>
      <RoomProvider value={room}>
        <RoomPage language={language} onLanguage={(next) => void choose(next)} />
      </RoomProvider>
    </IntlProvider>
  );
}

async function begin(): Promise<void> {
  const language = preferredLanguage();
  const messages = await loadMessages(language);
  document.documentElement.lang = language;
  const element = document.querySelector('#room');
  if (!element) return;
  createRoot(element).render(
    <StrictMode>
      <App first={{ language, messages }} />
    </StrictMode>,
  );
  // Another link of the same exam, put into the address bar, would change nothing: browsers do not load the page again.
  addEventListener('hashchange', () => location.reload());
  await room.load();
}

void begin();
