import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { IntlProvider } from 'use-intl';
import '../shared/tokens.css';
import '../shared/base.css';
import { createCapture } from './capture/create-capture.ts';
import { RoomPage } from './room-page.tsx';
import { createRoom } from './session/room.ts';
import {
  directionOf,
  type Language,
  loadMessages,
  type Messages,
  preferredLanguage,
  rememberLanguage,
  variantOf,
} from './strings/language.ts';
import { RoomProvider } from './use-room.ts';

/** The page is at …/exam/{id}, also behind a proxy that adds a prefix. */
const room = createRoom({
  root: new URL('../', location.href.split('#', 1)[0]),
  examId: location.pathname.split('/').pop() ?? '',
  link: new URLSearchParams(location.hash.slice(1)).get('t'),
  practice: new URLSearchParams(location.search).has('practice'),
  createCapture,
});

/** The words of a language are not on the server, which has another version of the page by now. */
function noteOutdated(): null {
  room.store.set({ fault: { what: 'outdated', message: '' } });
  return null;
}

/** To the browser, and to screen readers. */
function announce(language: Language): void {
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

function App({ first }: { first: { language: Language; messages: Messages } }) {
  const [{ language, messages }, setWords] = useState(first);
  async function choose(next: Language): Promise<void> {
    const messages = await loadMessages(next).catch(noteOutdated);
    if (!messages) return;
    const words = { language: next, messages };
    rememberLanguage(next);
    announce(next);
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
  const preferred = preferredLanguage();
  const found = await loadMessages(preferred).catch(noteOutdated);
  const language = found ? preferred : 'en';
  const messages = found ?? (await loadMessages('en'));
  announce(language);
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
