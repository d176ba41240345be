import { useFormatter, useTranslations } from 'use-intl';
import { Callout } from '../../shared/parts.tsx';
import { asClock } from '../../shared/time.ts';
import { useCapture, useRoomState } from '../use-room.ts';
import styles from './exam.module.css';
import { useMegabytes } from './use-clock.ts';

/**
 * What lies where: whether it records, what waits on this device, and up to when everything is sent.
 * @param isOver the candidate has nothing more to do
 */
export function UploadLine({ isOver = false }: { isOver?: boolean }) {
  const t = useTranslations('status');
  const format = useFormatter();
  const inMegabytes = useMegabytes();
  const { upload, cutOffSince } = useRoomState();
  const capture = useCapture();
  const isRecording = Object.keys(capture?.recording ?? {}).length > 0;
  const streams = Object.values(upload?.streams ?? {});
  const waitingMs = Math.max(0, ...streams.map((stream) => stream.waitingMs));
  const waitingBytes = streams.reduce((sum, stream) => sum + stream.waitingBytes, 0);
  const sent = streams.flatMap(({ sentUpTo }) => sentUpTo ?? []);
  const at = (time: number) => format.dateTime(new Date(time), { timeStyle: 'medium' });
  return (
    <>
      <p className={styles['upload']} data-testid="upload">
        <span className={isRecording ? styles['dotOn'] : styles['dotOff']} aria-hidden />
        <span>{isRecording ? t('recording') : t('notRecording')}</span>
        {waitingBytes > 0 && <span>· {t('onDevice', { time: asClock(waitingMs / 1_000), size: inMegabytes(waitingBytes) })}</span>}
        {capture?.isFrugal && <span>· {t('frugal')}</span>}
        {sent.length > 0 && <span>· {t('sentUpTo', { time: at(Math.min(...sent)) })}</span>}
      </p>
      <div role="status">
        {upload?.offlineSince != null && (
          <Callout tone="warn">{t(isOver ? 'offlineAfter' : 'offline', { time: at(upload.offlineSince) })}</Callout>
        )}
        {upload?.offlineSince == null && cutOffSince !== null && <Callout>{t('cutOff', { time: at(cutOffSince) })}</Callout>}
      </div>
      <div role="alert">{upload && !upload.isStored && <Callout tone="bad">{t('notStored')}</Callout>}</div>
    </>
  );
}
