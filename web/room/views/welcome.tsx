import { type FormEvent, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Failure, Field, Quiet, Stack, Title } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useExam, useRoom, useRoomState } from '../use-room.ts';
import styles from './room.module.css';
import { Somebody } from './somebody.tsx';
import { Steps } from './steps.tsx';

/** What is recorded, for whom and how long; and who comes, where the link does not say it. */
export function Welcome() {
  const t = useTranslations('welcome');
  const room = useRoom();
  const { practice, invitedAs, participant, mayBeAnother } = useRoomState();
  const exam = useExam();
  const [userId, setUserId] = useState('');
  const [name, setName] = useState('');
  const [isMissing, setMissing] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const asksWho = !practice && !invitedAs && !participant;
  const agree = useAction(() => room.agree(asksWho ? { userId: userId.trim(), name: name.trim() } : null));

  function submit(event: FormEvent): void {
    event.preventDefault();
    const lacks = asksWho && (userId.trim() === '' || name.trim() === '');
    setMissing(lacks);
    if (lacks) first.current?.focus();
    else agree.run();
  }

  const missing = (value: string) => (isMissing && value.trim() === '' ? t('missing') : null);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Steps step="welcome" />
        <Title>{t('title', { exam: exam.title })}</Title>
        {mayBeAnother && <Somebody />}
        <p>{t('lead')}</p>
        <Recorded />
        <p>{t('duration', { minutes: exam.duration, extra: participant?.extraMinutes ?? 0 })}</p>
        <Quiet>{t('before')}</Quiet>
        {asksWho && (
          <>
            <Field
              ref={first}
              label={t('id')}
              hint={t('idHint', { example: 'm.meier' })}
              fault={missing(userId)}
              value={userId}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              onChange={({ target }) => setUserId(target.value)}
            />
            <Field
              label={t('name')}
              fault={missing(name)}
              value={name}
              autoComplete="name"
              onChange={({ target }) => setName(target.value)}
            />
          </>
        )}
        <Failure>{agree.fault}</Failure>
        <div>
          <Button type="submit" look="primary" disabled={agree.isBusy || mayBeAnother}>
            {agree.isBusy ? t('agreeing') : t('agree')}
          </Button>
        </div>
        <Quiet>{t('disagree')}</Quiet>
      </Stack>
    </form>
  );
}

function Recorded() {
  const t = useTranslations('welcome');
  const { notice, settings } = useExam();
  const { webcam, audioRecording, screenRecording, identityPhoto } = settings;
  const isNothing = !webcam && !screenRecording && !identityPhoto;
  return (
    <Stack>
      <h2>{t('records')}</h2>
      <ul className={styles['list']}>
        {webcam && <li>{t('webcam', { audio: String(audioRecording) })}</li>}
        {screenRecording && <li>{t('screen')}</li>}
        {identityPhoto && <li>{t('photo')}</li>}
        {isNothing && <li>{t('nothing')}</li>}
      </ul>
      <p>{notice.liveChecks ? t('checks') : t('noChecks')}</p>
      <h2>{t('keptTitle')}</h2>
      <p>
        {notice.retentionDays === null ? t('keptOpen') : t('kept', { days: notice.retentionDays })} {t('seen')}
      </p>
      <details>
        <summary>{t('whole')}</summary>
        <p className={styles['notice']} lang="en">
          {notice.text}
        </p>
      </details>
    </Stack>
  );
}
