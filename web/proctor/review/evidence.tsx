import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import type { Track } from './model.ts';
import styles from './more.module.css';
import { useDuration, usePerson, useTimes } from './use-review.ts';

/** Which seconds there are, why the others are not, and what proves that nobody changed them. */
export function EvidenceView() {
  const t = useTranslations('review');
  const { evidence, recordings, submission } = usePerson();
  const { clock, full } = useTimes();
  const inWords = useDuration();
  return (
    <section className={styles['card']} aria-labelledby="evidence-title">
      <h2 id="evidence-title">{t('evidence.title')}</h2>
      {evidence.map((track) => (
        <OfTrack key={track.type} track={track} />
      ))}
      {recordings.length > 0 && (
        <ul className={styles['files']}>
          {recordings.map(({ id, type, startedAt, createdAt, duration, sha256, complete, live, note }) => (
            <li key={id}>
              <p>
                {t('evidence.part', {
                  track: t(type === 'WEBCAM' ? 'camera' : 'screen'),
                  time: clock(startedAt ?? createdAt),
                  duration: inWords(duration ?? 0),
                })}
                {!complete && !live && ` · ${t('evidence.incomplete')}`}
                {live && ` · ${t('pane.live')}`}
              </p>
              {note !== null && <p className={styles['small']}>{note}</p>}
              {sha256 !== null && (
                <p className={styles['small']}>
                  {t('evidence.hash')} <code>{sha256}</code>
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {submission && <p className={styles['small']}>{t('evidence.receipt', { time: full(submission.receipt.issuedAt) })}</p>}
    </section>
  );
}

function OfTrack({ track: { type, receivedSeconds, expectedSeconds, gaps } }: { track: Track }) {
  const t = useTranslations('review');
  const { clock } = useTimes();
  const inWords = useDuration();
  const received = inWords(receivedSeconds);
  const share = expectedSeconds > 0 ? Math.min(1, receivedSeconds / expectedSeconds) : 1;
  return (
    <div className={styles['recording']}>
      <h3>{t(type === 'WEBCAM' ? 'camera' : 'screen')}</h3>
      <p>
        {expectedSeconds > 0 ? t('evidence.covered', { received, expected: inWords(expectedSeconds) }) : t('evidence.noTime', { received })}
      </p>
      <span className={styles['track']} aria-hidden="true">
        <span className={styles['covered']} style={{ inlineSize: `${share * 100}%` }} />
      </span>
      {gaps.length === 0 ? (
        <Quiet>{t('evidence.complete')}</Quiet>
      ) : (
        <ul className={styles['gaps']}>
          {gaps.map(({ from, to, cause }) => (
            <li key={from}>
              {t('evidence.gap', { from: clock(from), to: to === null ? t('evidence.now') : clock(to), cause: t('cause', { cause }) })}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
