import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { ApiError } from '../../shared/api.ts';
import { Button, Callout, Quiet, Row, Stack, StreamVideo, Title } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useExam, useRoom, useRoomState } from '../use-room.ts';
import styles from './room.module.css';
import { Steps } from './steps.tsx';

const SECONDS = 3;

/** Shows that what is recorded arrives: recorded here, sent, and played back from the server. */
export function Proof() {
  const t = useTranslations('proof');
  const b = useTranslations('buttons');
  const room = useRoom();
  const { practice } = useRoomState();
  const { settings } = useExam();
  const [stage, setStage] = useState<'idle' | 'recording' | 'sending'>('idle');
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => () => (url ? URL.revokeObjectURL(url) : undefined), [url]);

  /** What the server sent back. A format that it does not take gives way to the next. */
  async function recordAndEcho(): Promise<Blob | null> {
    setStage('recording');
    const clip = await room.capture?.recordClip(SECONDS);
    if (!clip) return null;
    setStage('sending');
    try {
      return await room.echo(clip);
    } catch (error) {
      const isRefused = error instanceof ApiError && error.code === 'invalid_request';
      if (isRefused && room.capture?.refuseFormat(clip.type)) return recordAndEcho();
      throw error;
    }
  }

  const prove = useAction(async () => {
    setUrl(null);
    try {
      const seen = await recordAndEcho();
      if (seen) setUrl(URL.createObjectURL(seen));
    } finally {
      setStage('idle');
    }
  });
  const enter = useAction(() => room.goOn('proof'));
  const hasCamera = room.capture?.cameraStream() !== null;
  const fault = prove.fault ?? enter.fault;
  return (
    <Stack>
      <Steps step="proof" />
      <Title>{t('title')}</Title>
      <p>{t('lead')}</p>
      {url ? (
        <video className={styles['picture']} src={url} aria-label={t('video')} controls autoPlay playsInline />
      ) : (
        <StreamVideo
          stream={room.capture?.cameraStream() ?? null}
          label={t('video')}
          className={`${styles['picture']} ${styles['flipped']}`}
        />
      )}
      <div role="status">
        {stage !== 'idle' && <Quiet>{t(stage)}</Quiet>}
        {url && <Callout tone="good">{t('arrived')}</Callout>}
        {fault && <Callout tone="bad">{fault}</Callout>}
      </div>
      <Row>
        {(url !== null || !hasCamera) && (
          <Button look="primary" disabled={enter.isBusy} onClick={enter.run}>
            {enter.isBusy ? t('entering') : practice ? t('finish') : t('enter', { admission: settings.admission })}
          </Button>
        )}
        {hasCamera && (
          <Button look={url ? 'plain' : 'primary'} disabled={prove.isBusy} onClick={prove.run}>
            {url ? b('again') : t('start')}
          </Button>
        )}
      </Row>
      {url && !practice && settings.admission === 'AUTOMATIC' && <Quiet>{t('begin')}</Quiet>}
    </Stack>
  );
}
