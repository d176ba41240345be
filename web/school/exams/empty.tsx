import { useTranslations } from 'use-intl';
import { Quiet, Stack, Title } from '../../shared/parts.tsx';
import { ViewLink } from '../../staff/view-link.tsx';
import { useMayChange } from '../use-school.ts';
import styles from './exams.module.css';
import { SampleButton } from './sample.tsx';

/** The first screen of a new installation. */
export function Empty() {
  const t = useTranslations('school.empty');
  const mayChange = useMayChange();
  return (
    <div className={styles['empty']}>
      <Stack>
        <Title>{t('title')}</Title>
        {!mayChange && <Quiet>{t('proctor')}</Quiet>}
        {mayChange && (
          <div className={styles['ways']}>
            <section className={styles['way']}>
              <h2>{t('sample.title')}</h2>
              <p>{t('sample.text')}</p>
              <SampleButton look="primary" />
            </section>
            <section className={styles['way']}>
              <h2>{t('first.title')}</h2>
              <p>{t('first.text')}</p>
              <ViewLink view={{ new: '' }} className={styles['new']}>
                {t('first.do')}
              </ViewLink>
            </section>
          </div>
        )}
      </Stack>
    </div>
  );
}
