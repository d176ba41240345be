import { startPage } from '../staff/start.tsx';
import { SchoolPage } from './school-page.tsx';
import { createSchool } from './session/school.ts';
import { SchoolProvider } from './use-school.ts';

/** The page is at …/console/, also behind a proxy that adds a prefix. */
const school = createSchool(new URL('../', location.href.split(/[#?]/, 1)[0]));

void startPage(
  <SchoolProvider value={school}>
    <SchoolPage />
  </SchoolProvider>,
);
void school.load();
