import { startPage } from '../staff/start.tsx';
import { SchoolPage } from './school-page.tsx';

void startPage(<SchoolPage />);
