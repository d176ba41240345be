import { useTranslations } from 'use-intl';
import { Button, Row } from '../../shared/parts.tsx';
import parts from '../parts.module.css';
import styles from './links.module.css';
import { useCopy } from './use-copy.ts';

/** An address with what it is for; the whole of it can be read by those who copy by hand. */
export function OneLink({ label, text, url }: { label: string; text: string; url: string }) {
  const t = useTranslations('school.links');
  const copy = useCopy();
  return (
    <div className={styles['one']}>
      <h3>{label}</h3>
      <p className={parts['sub']}>{text}</p>
      <Row>
        <code className={parts['link']} title={url}>
          {url}
        </code>
        <Button className={parts['small']} aria-label={t('copyOf', { label })} onClick={() => copy.run(url, t('copied', { label }))}>
          {t('copy')}
        </Button>
      </Row>
    </div>
  );
}
