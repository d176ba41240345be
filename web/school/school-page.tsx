import { useTranslations } from 'use-intl';
import { Page } from '../staff/page.tsx';

export function SchoolPage() {
  const t = useTranslations('page');
  return (
    <Page>
      <h1>{t('console')}</h1>
    </Page>
  );
}
