import { useEffect, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { TRACKS, type TrackType } from './model.ts';
import styles from './screens.module.css';
import { usePerson, usePlayer, usePlayerTime, useReview, useReviewState } from './use-review.ts';

/** Camera and screen, side by side. Their sound and place follow the player. */
export function Screens() {
  const { shows } = usePlayer();
  return (
    <div className={styles['screens']} data-shows={shows}>
      {TRACKS.map((type) => (
        <Pane key={type} type={type} />
      ))}
    </div>
  );
}

function Pane({ type }: { type: TrackType }) {
  const t = useTranslations('review');
  const { player } = useReview();
  const { panes, shows, hasSound } = usePlayer();
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => (ref.current ? player.attach(type, ref.current) : undefined), [player, type]);
  // Both together would be heard twice.
  const isHeard = hasSound && (type === 'WEBCAM' || shows === 'SCREEN');
  const name = t(type === 'WEBCAM' ? 'camera' : 'screen');
  const isHidden = shows !== 'both' && shows !== type;
  return (
    <figure className={styles['pane']} hidden={isHidden} data-track={type} data-state={panes[type]}>
      <figcaption className={styles['label']}>{name}</figcaption>
      <video ref={ref} className={styles['video']} aria-label={name} muted={!isHeard} playsInline preload="auto" />
      <PaneWords type={type} />
    </figure>
  );
}

/** Why there is no picture. */
function PaneWords({ type }: { type: TrackType }) {
  const t = useTranslations('review.pane');
  const r = useTranslations('review');
  const session = useReview();
  const { panes } = usePlayer();
  const { moments } = useReviewState();
  const at = usePlayerTime();
  const own = usePerson().recordings.filter((one) => one.type === type);
  const state = panes[type];
  if (state === 'ready' || state === 'off') return null;
  if (state === 'loading') return <p className={styles['loading']}>{t('loading')}</p>;
  const isNow = ({ from, to }: { from: number; to: number }) => at >= from && at < to;
  const gap = moments.find((one) => ((one.kind === 'gap' && one.track === type) || one.kind === 'pause') && isNow(one));
  const failed = own.find(({ duration, status }) => duration === null && status === 'FAILED');
  return (
    <div className={styles['words']}>
      {state === 'broken' && (
        <>
          <p>{t('broken')}</p>
          <p className={styles['acts']}>
            <Button onClick={session.player.tryAgain}>{t('again')}</Button>
            {own[0] && (
              <a href={session.here(own[0].url)} download>
                {t('download')}
              </a>
            )}
          </p>
        </>
      )}
      {state === 'none' && <p>{t(own.length === 0 ? 'noneOf' : 'none')}</p>}
      {state === 'none' && gap && <p>{r('cause', { cause: gap.kind === 'gap' ? gap.cause : 'paused' })}</p>}
      {own.some(({ live }) => live) && <p>{t('live')}</p>}
      {failed && <p>{t('failedFile', { error: failed.error ?? '' })}</p>}
    </div>
  );
}
