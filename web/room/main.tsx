import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../shared/tokens.css';
import '../shared/base.css';
import { firstWords, WordsProvider } from '../shared/words.tsx';
import { createCapture } from './capture/create-capture.ts';
import { RoomPage } from './room-page.tsx';
import { createRoom } from './session/room.ts';
import { loadMessages } from './strings/messages.ts';
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
const noteOutdated = () => room.store.set({ fault: { what: 'outdated', message: '' } });

async function begin(): Promise<void> {
  const words = await firstWords(loadMessages, noteOutdated);
  const element = document.querySelector('#room');
  if (!element) return;
  createRoot(element).render(
    <StrictMode>
      <WordsProvider first={words} load={loadMessages} onMissing={noteOutdated}>
        <RoomProvider value={room}>
          <RoomPage />
        </RoomProvider>
      </WordsProvider>
    </StrictMode>,
  );
  // Another link of the same exam, put into the address bar, would change nothing: browsers do not load the page again.
  addEventListener('hashchange', () => location.reload());
  await room.load();
}

void begin();
