import { useTranslations } from 'use-intl';
import { Button, Row, Stack } from '../shared/parts.tsx';
import styles from './key-list.module.css';

interface Props {
  titleId: string;
  /** What keys do, in words, and the keys as they are printed. */
  list: readonly { does: string; keys: readonly string[] }[];
  isOn: boolean;
  onSwitch(isOn: boolean): void;
  onClose(): void;
}

/** Which keys there are, and whether they are used. */
export function KeyList({ titleId, list, isOn, onSwitch, onClose }: Props) {
  const t = useTranslations('keys');
  return (
    <Stack>
      <h2 id={titleId}>{t('title')}</h2>
      <dl className={styles['keys']}>
        {list.map(({ does, keys }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className={styles['use']}>
        <input type="checkbox" checked={isOn} onChange={({ target }) => onSwitch(target.checked)} />
        {t('on')}
      </label>
      <Row>
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </Row>
    </Stack>
  );
}
