import { useEffect, useMemo, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Quiet, Row, Stack, StreamVideo, Title } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useRoom } from '../use-room.ts';
import styles from './room.module.css';
import { Steps } from './steps.tsx';

/** What the server may say of a picture; anything newer is left out. */
const ADVICE = ['no_face', 'several_faces', 'too_small', 'too_dark', 'too_bright', 'blurred', 'turned'] as const;

/** The picture of the face, with words that help to frame it, also for those who do not see it. */
export function Photo() {
  const t = useTranslations('photo');
  const room = useRoom();
  const [image, setImage] = useState<Blob | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [advice, setAdvice] = useState<readonly string[] | null>(null);
  const url = useMemo(() => image && URL.createObjectURL(image), [image]);
  useEffect(() => () => (url ? URL.revokeObjectURL(url) : undefined), [url]);

  const take = useAction(async () => {
    setAdvice(null);
    const taken = await room.takePhoto();
    setImage(taken);
    setMissing(taken === null);
    if (taken) setAdvice((await room.checkPicture(taken)).advice);
  });
  const accept = useAction(async () => {
    room.setPhoto(image);
    await room.goOn('photo');
  });

  const isGood = advice?.length === 0;
  const fault = take.fault ?? accept.fault;
  return (
    <Stack>
      <Steps step="photo" />
      <Title>{t('title')}</Title>
      <p>{t('lead')}</p>
      <p>{t('framing')}</p>
      {url ? (
        <img className={styles['picture']} src={url} alt={t('alt')} />
      ) : (
        <StreamVideo
          stream={room.capture?.cameraStream() ?? null}
          label={t('alt')}
          className={`${styles['picture']} ${styles['flipped']}`}
        />
      )}
      <div role="status">
        {take.isBusy && <Quiet>{t('taking')}</Quiet>}
        {isGood && <Callout tone="good">{t('good')}</Callout>}
        {advice && !isGood && (
          <Callout tone="warn">
            {ADVICE.filter((one) => advice.includes(one)).map((one) => (
              <p key={one}>{t(`advice.${one}`)}</p>
            ))}
          </Callout>
        )}
        {isMissing && !take.isBusy && <Callout tone="bad">{t('none')}</Callout>}
        {fault && <Callout tone="bad">{fault}</Callout>}
      </div>
      <Row>
        {isGood && (
          <Button look="primary" disabled={accept.isBusy} onClick={accept.run}>
            {t('use')}
          </Button>
        )}
        <Button look={isGood ? 'plain' : 'primary'} disabled={take.isBusy} onClick={image ? () => (setImage(null), take.run()) : take.run}>
          {image ? t('retake') : t('take')}
        </Button>
      </Row>
      <Quiet>{t('without')}</Quiet>
    </Stack>
  );
}
