import { useEffect, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import type { HandedQuery } from '../../generated/graphql.ts';
import { Button, Quiet, Stack } from '../../shared/parts.tsx';
import { useRoom, useRoomState } from '../use-room.ts';
import styles from './ended.module.css';
import { useMegabytes } from './use-clock.ts';

type Submission = NonNullable<NonNullable<NonNullable<HandedQuery['exam']>['participant']>['submission']>;

const RETRY_MS = 5_000;

/** What the server signed; read again when more has arrived, because it says what was complete when it was issued. */
export function Receipt({ isSent }: { isSent: boolean }) {
  const t = useTranslations('ended');
  const format = useFormatter();
  const inMegabytes = useMegabytes();
  const room = useRoom();
  const { participant, upload, isSeated } = useRoomState();
  const [submission, setSubmission] = useState<Submission | null>(null);
  /** What there is to sign changes with these. */
  const occasion = `${isSent} ${participant?.status} ${upload?.submitted}`;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    async function read(): Promise<void> {
      const found = await room.readReceipt().catch(() => undefined);
      if (isOver) return;
      if (found !== undefined) setSubmission(found);
      // Without an answer; or the server is still joining what came, after which it signs the hash of the file.
      if (found === undefined || found?.receipt.recordings.some(({ complete }) => !complete))
        timer = setTimeout(() => void read(), RETRY_MS);
    }
    if (isSeated && occasion) void read();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [room, isSeated, occasion]);
  if (!submission) {
    // Who was sent out, or ran out of time, may have handed in nothing.
    const isHandedIn = participant?.status !== 'TERMINATED' && participant?.status !== 'TIMED_OUT';
    return isHandedIn ? <Quiet>{t(isSeated ? 'waitingReceipt' : 'receiptElsewhere')}</Quiet> : null;
  }
  const { receipt } = submission;
  const stateOf = ({ type, complete }: (typeof receipt.recordings)[number]) => {
    const stream = upload?.streams[type === 'WEBCAM' ? 'webcam' : 'screen'];
    const isLacking = stream !== undefined && stream.refused + stream.lost > 0;
    if (complete) return 'complete';
    return isLacking ? 'lacking' : 'incomplete';
  };
  return (
    <section aria-label={t('receipt')}>
      <Stack>
        <h2>{t('receipt')}</h2>
        <p>{t('receiptText')}</p>
        <dl className={styles['facts']}>
          <dt>{t('submission')}</dt>
          <dd>{receipt.submissionId}</dd>
          <dt>{t('issued')}</dt>
          <dd>{format.dateTime(new Date(receipt.issuedAt), { dateStyle: 'medium', timeStyle: 'medium' })}</dd>
          {receipt.recordings.map((recording) => (
            <div key={recording.id} className={styles['recording']}>
              <dt>{t(recording.type === 'WEBCAM' ? 'camera' : 'screen')}</dt>
              <dd>
                {inMegabytes(recording.bytes)}, {t(stateOf(recording))}
                <Quiet>
                  {t('hash')} <code>{recording.sha256}</code>
                </Quiet>
              </dd>
            </div>
          ))}
        </dl>
        <div>
          <Button onClick={() => save(`receipt-${receipt.submissionId}.jws`, receipt.signature)}>{t('save')}</Button>
        </div>
      </Stack>
    </section>
  );
}

/** A file that `invigil receipt verify` reads. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/jose' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
