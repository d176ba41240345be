import { createRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Quiet } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { HOLD_SECONDS } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useExam } from '../use-console.ts';
import { Decide } from './decide.tsx';
import type { Finding } from './model.ts';
import { isWarning } from './moments.ts';
import {
  secondsOf,
  useChoice,
  useDuration,
  usePercent,
  usePerson,
  useReview,
  useReviewState,
  useTimes,
  useTypeWords,
} from './use-review.ts';
import styles from './warning-panel.module.css';

/** Where a dismissal is written, for the key that goes there. */
export const reasonField = createRef<HTMLInputElement>();

/** Why a warning was raised, what shows it, and what somebody decides. */
export function WarningPanel() {
  const t = useTranslations('review.warning');
  const { moments } = useReviewState();
  const { chosen } = useChoice();
  const moment = moments.find((one) => one.key === chosen && isWarning(one));
  return (
    <section className={styles['panel']} aria-label={t('title')} data-testid="warning">
      {moment && isWarning(moment) ? <Shown key={moment.key} warning={moment.warning} from={moment.from} /> : <Quiet>{t('choose')}</Quiet>}
    </section>
  );
}

function Shown({ warning, from }: { warning: Finding; from: number }) {
  const t = useTranslations('review.warning');
  const { player } = useReview();
  const inWords = useTypeWords();
  return (
    <>
      <div className={styles['title']}>
        <h2>{inWords(warning.type)}</h2>
        <SeverityMark severity={warning.severity} withWord />
        <Button className={styles['small']} onClick={() => player.seek(from)}>
          {t('goTo')}
        </Button>
      </div>
      <div className={styles['why']}>
        <Picture warning={warning} from={from} />
        <Facts warning={warning} from={from} />
      </div>
      <Decided warning={warning} />
      <Decide ids={[warning.id]} reasonRef={reasonField} />
    </>
  );
}

function Picture({ warning: { frameUrl, id }, from }: { warning: Finding; from: number }) {
  const t = useTranslations('review.warning');
  const session = useReview();
  const { clock } = useTimes();
  const [failed, setFailed] = useState<string | null>(null);
  if (frameUrl === null || failed === frameUrl) return <Quiet>{t('noPicture')}</Quiet>;
  return (
    <img
      key={id}
      className={styles['picture']}
      src={session.here(frameUrl)}
      alt={t('picture', { time: clock(from) })}
      onError={() => {
        // Its link has ended: the next reading has a new one.
        setFailed(frameUrl);
        void session.read();
      }}
    />
  );
}

function Facts({ warning, from }: { warning: Finding; from: number }) {
  const t = useTranslations('review.warning');
  const { full } = useTimes();
  const duration = useDuration();
  const percent = usePercent();
  const { settings } = useExam();
  const { record, clips } = useReviewState();
  const { accommodations } = usePerson();
  const { type, source, confidence, details, endedAt } = warning;
  const seconds = secondsOf(warning);
  const isAnalysis = source === 'ANALYSIS';
  const known = record.find((one) => one.type === type && one.source === source);
  const permit = accommodations.find((one) => one.type === type);
  const isShown = [...clips.WEBCAM, ...clips.SCREEN].some((clip) => from >= clip.from && from < clip.to);
  return (
    <dl className={styles['facts']}>
      <dt>{t('when')}</dt>
      <dd>
        {full(from)}
        {!isShown && ` · ${t('notShown')}`}
      </dd>
      <dt>{t('long')}</dt>
      <dd>{seconds !== null ? duration(seconds) : t(isAnalysis && endedAt === null ? 'goesOn' : 'shortest')}</dd>
      {details !== null && (
        <>
          <dt>{t('title')}</dt>
          <dd dir="auto">{details}</dd>
        </>
      )}
      <dt>{t('source')}</dt>
      <dd>{t('sourceOf', { source })}</dd>
      {confidence !== null && (
        <>
          <dt>{t('confidence')}</dt>
          <dd>{t('confidenceNote', { percent: percent(confidence) })}</dd>
        </>
      )}
      {isAnalysis && (
        <>
          <dt>{t('threshold')}</dt>
          <dd>
            {t('thresholdOf', { seconds: HOLD_SECONDS[settings.aiDetection.sensitivity], sensitivity: settings.aiDetection.sensitivity })}
          </dd>
        </>
      )}
      {known && known.precision !== null && (
        <>
          <dt>{t('record')}</dt>
          <dd>{t('recordOf', { dismissed: known.dismissed, all: known.dismissed + known.confirmed })}</dd>
        </>
      )}
      {permit && (
        <>
          <dt>{t('suppressed')}</dt>
          <dd dir="auto">{permit.reason}</dd>
        </>
      )}
    </dl>
  );
}

function Decided({ warning: { id, review } }: { warning: Finding }) {
  const t = useTranslations('review.warning');
  const session = useReview();
  const { full } = useTimes();
  const takeBack = useAction(() => session.reopen([id]));
  if (!review) return takeBack.fault ? <Callout tone="bad">{takeBack.fault}</Callout> : null;
  return (
    <div className={styles['decided']}>
      <p>
        <strong>
          <bdi>{t('decided', { decision: review.decision, by: review.by, time: full(review.at) })}</bdi>
        </strong>
        {review.reason !== null && (
          <span className={styles['reason']} dir="auto">
            {review.reason}
          </span>
        )}
      </p>
      <Button className={styles['small']} disabled={takeBack.isBusy} onClick={takeBack.run}>
        {t('takeBack')}
      </Button>
      {takeBack.fault && <Callout tone="bad">{takeBack.fault}</Callout>}
    </div>
  );
}
