import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../shared/tokens.css';
import '../shared/base.css';
import { firstWords, WordsProvider } from '../shared/words.tsx';
import { loadMessages } from './strings/messages.ts';

/** Draws a page for staff, in the reader's language. */
export async function startPage(page: ReactNode): Promise<void> {
  const words = await firstWords(loadMessages);
  const element = document.querySelector('#page');
  if (!element) return;
  createRoot(element).render(
    <StrictMode>
      <WordsProvider first={words} load={loadMessages}>
        {page}
      </WordsProvider>
    </StrictMode>,
  );
  // Another link, put into the address bar, would change nothing: browsers do not load the page again.
  addEventListener('hashchange', () => location.reload());
}
