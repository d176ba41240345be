import { useTranslations } from 'use-intl';
import { Callout, Quiet, Stack, Title } from '../../shared/parts.tsx';
import { isAllSent } from '../session/room-state.ts';
import { useRoomState } from '../use-room.ts';
import styles from './ended.module.css';
import { Findings } from './findings.tsx';
import { Messages } from './messages.tsx';
import { Receipt } from './receipt.tsx';
import { Somebody } from './somebody.tsx';
import { UploadLine } from './upload-line.tsx';

const TITLES = { SUBMITTED: 'handedIn', TIMED_OUT: 'timedOut', TERMINATED: 'terminated' } as const;

/** After the end: what is still to be sent, the receipt, and what is held against the candidate. */
export function Ended() {
  const t = useTranslations('ended');
  const e = useTranslations('exam');
  const state = useRoomState();
  const { participant, lastChange, upload, mayBeAnother, messages } = state;
  const status = participant?.status;
  const title = TITLES[status as keyof typeof TITLES] ?? 'handingIn';
  const isSent = isAllSent(state);
  return (
    <Stack>
      <Title>{t(title)}</Title>
      <p>{t(`${title}Text`)}</p>
      {!mayBeAnother && lastChange?.reason && lastChange.to === status && <p dir="auto">{e('reason', { reason: lastChange.reason })}</p>}
      {(upload?.hasRecorded || upload?.submitted) && <Sending isSent={isSent} />}
      {mayBeAnother ? (
        <Somebody />
      ) : (
        <>
          {messages.length > 0 && <Messages canWrite={false} />}
          <Receipt isSent={isSent} />
          <Findings />
        </>
      )}
    </Stack>
  );
}

function Sending({ isSent }: { isSent: boolean }) {
  const t = useTranslations('ended');
  const { upload } = useRoomState();
  const streams = Object.values(upload?.streams ?? {});
  const sum = (what: 'chunks' | 'sent' | 'refused' | 'lost') => streams.reduce((total, stream) => total + stream[what], 0);
  const missing = (['refused', 'lost'] as const).filter((what) => sum(what) > 0);
  return (
    <section aria-label={t('sending')} className={styles['sending']}>
      <div role="status" data-testid="sending">
        {isSent && missing.length === 0 && <Callout tone="good">{t('safe')}</Callout>}
        {isSent &&
          missing.map((what) => (
            <Callout key={what} tone="warn">
              {t(what, { count: sum(what) })}
            </Callout>
          ))}
        {!isSent && (
          <Callout tone="warn">
            <h2>{t('sending')}</h2>
            <label>
              {t('progress', { sent: sum('sent'), total: sum('chunks') })} <progress max={Math.max(1, sum('chunks'))} value={sum('sent')} />
            </label>
            <Quiet>{t('keepOpen')}</Quiet>
          </Callout>
        )}
      </div>
      {!isSent && <UploadLine isOver />}
    </section>
  );
}
