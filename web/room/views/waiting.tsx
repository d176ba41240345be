import { useTranslations } from 'use-intl';
import { Stack, StreamVideo, Title } from '../../shared/parts.tsx';
import { useCapture, useRoom } from '../use-room.ts';
import { Hand } from './hand.tsx';
import { Messages } from './messages.tsx';
import styles from './room.module.css';

/** Until a proctor lets the candidate in. */
export function Waiting() {
  const t = useTranslations('waiting');
  const room = useRoom();
  const isOn = useCapture()?.camera.state === 'on';
  return (
    <Stack>
      <Title>{t('title')}</Title>
      <p>{t('text')}</p>
      {isOn && (
        <StreamVideo
          stream={room.capture?.cameraStream() ?? null}
          label={t('preview')}
          className={`${styles['picture']} ${styles['flipped']}`}
        />
      )}
      <Hand />
      <Messages />
    </Stack>
  );
}
