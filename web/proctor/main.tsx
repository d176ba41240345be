import { keptKey } from '../staff/credential.ts';
import { startPage } from '../staff/start.tsx';
import { ConsolePage } from './console-page.tsx';
import { createConsole } from './session/console.ts';
import { ConsoleProvider } from './use-console.ts';

const link = new URLSearchParams(location.hash.slice(1)).get('t');

/** The page is at …/admin/exam/{id}, also behind a proxy that adds a prefix. */
const proctorConsole = createConsole({
  root: new URL('../../', location.href.split('#', 1)[0]),
  examId: location.pathname.split('/').pop() ?? '',
  credential: link ?? keptKey(),
  isKey: link === null,
});

void startPage(
  <ConsoleProvider value={proctorConsole}>
    <ConsolePage />
  </ConsoleProvider>,
);
void proctorConsole.load();
