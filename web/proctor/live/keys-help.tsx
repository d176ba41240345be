import { useTranslations } from 'use-intl';
import { Button, Row, Stack } from '../../shared/parts.tsx';
import styles from './dialog.module.css';
import { type KeyDeed, KEYS } from './keys.ts';
import { useLive, useView } from './view.ts';

export function KeysHelp({ titleId }: { titleId: string }) {
  const t = useTranslations('keys');
  const live = useLive();
  const { hasKeys } = useView();
  return (
    <Stack>
      <h2 id={titleId}>{t('title')}</h2>
      <dl className={styles['keys']}>
        {(Object.keys(KEYS) as KeyDeed[]).map((deed) => (
          <div key={deed} style={{ display: 'contents' }}>
            <dt>
              <kbd>{KEYS[deed]}</kbd>
            </dt>
            <dd>{t(deed)}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input type="checkbox" checked={hasKeys} onChange={({ target }) => live.keep({ hasKeys: target.checked })} /> {t('on')}
      </label>
      <Row>
        <Button look="primary" onClick={() => live.set({ deed: null })}>
          {t('done')}
        </Button>
      </Row>
    </Stack>
  );
}
