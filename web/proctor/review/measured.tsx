import { useTranslations } from 'use-intl';
import { Button, Callout, Quiet } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useExam } from '../use-console.ts';
import type { Recorded } from './model.ts';
import styles from './more.module.css';
import { useDuration, usePercent, usePerson, useReview, useTimes, useTypeWords } from './use-review.ts';

/** What the analysis measured of each recording, as bars with their meaning in words. */
export function Measured() {
  const t = useTranslations('review.measured');
  const { recordings } = usePerson();
  return (
    <section className={styles['card']} aria-labelledby="measured-title">
      <h2 id="measured-title">{t('title')}</h2>
      {recordings.length === 0 ? <Quiet>{t('none')}</Quiet> : <Quiet>{t('notJudgement')}</Quiet>}
      {recordings.map((recording) => (
        <OfRecording key={recording.id} recording={recording} />
      ))}
    </section>
  );
}

function OfRecording({ recording }: { recording: Recorded }) {
  const t = useTranslations('review');
  const typeWords = useTypeWords();
  const { clock } = useTimes();
  const { type, startedAt, createdAt, analysis } = recording;
  const track = t(type === 'WEBCAM' ? 'camera' : 'screen');
  return (
    <div className={styles['recording']}>
      <h3>{t('measured.of', { track, time: clock(startedAt ?? createdAt) })}</h3>
      {analysis ? (
        <>
          <Bars recording={recording} />
          <p className={styles['small']}>{t('measured.frames', { frames: analysis.sampledFrames, detector: analysis.detector })}</p>
          {analysis.suppressed.length > 0 && (
            <p className={styles['small']}>{t('measured.suppressed', { types: analysis.suppressed.map(typeWords).join(', ') })}</p>
          )}
        </>
      ) : (
        <Unanalysed recording={recording} />
      )}
    </div>
  );
}

function Bars({ recording: { analysis, duration } }: { recording: Recorded }) {
  const t = useTranslations('review.measured');
  const percent = usePercent();
  const inWords = useDuration();
  const { faceDetection, suspiciousActivity, screen } = analysis ?? {};
  const bars: [string, number | null][] = [];
  if (faceDetection)
    bars.push([t('one'), faceDetection.facePresent], [t('several'), faceDetection.multipleFaces], [t('noFace'), faceDetection.noFace]);
  if (suspiciousActivity)
    bars.push(
      [t('away'), suspiciousActivity.lookingAway],
      [t('phone'), suspiciousActivity.phoneUsage],
      [t('talking'), suspiciousActivity.talking],
    );
  if (screen) bars.push([t('idle'), screen.idle], [t('blank'), screen.blank]);
  return (
    <dl className={styles['bars']}>
      {bars.map(([name, share]) => (
        <div key={name} className={styles['bar']}>
          <dt>{name}</dt>
          <dd>{share === null ? t('noSound') : t('share', { percent: percent(share), duration: inWords(share * (duration ?? 0)) })}</dd>
          <span className={styles['track']} aria-hidden="true">
            <span className={styles['fill']} style={{ inlineSize: `${(share ?? 0) * 100}%` }} />
          </span>
        </div>
      ))}
    </dl>
  );
}

/** Why nothing was measured. */
function Unanalysed({ recording: { id, live, status, error } }: { recording: Recorded }) {
  const t = useTranslations('review.measured');
  const p = useTranslations('review.pane');
  const session = useReview();
  const { settings } = useExam();
  const again = useAction(() => session.analyseAgain(id));
  if (live) return <Quiet>{p('live')}</Quiet>;
  if (status === 'PROCESSING') return <Quiet>{t('PROCESSING')}</Quiet>;
  if (status !== 'FAILED') return <Quiet>{t(settings.aiDetection.enabled ? 'UPLOADED' : 'off')}</Quiet>;
  return (
    <Callout tone="warn">
      <p>{t('FAILED', { error: error ?? '' })}</p>
      {again.fault && <p role="alert">{again.fault}</p>}
      <div>
        <Button disabled={again.isBusy} onClick={again.run}>
          {t('again')}
        </Button>
      </div>
    </Callout>
  );
}
