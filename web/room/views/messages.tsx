import { useFormatter, useTranslations } from 'use-intl';
import { Button, Callout, Quiet, Stack } from '../../shared/parts.tsx';
import { TextForm } from '../../shared/text-form.tsx';
import { useAction } from '../../shared/use-action.ts';
import type { MessageFacts } from '../session/room-state.ts';
import { useRoom, useRoomState } from '../use-room.ts';
import styles from './messages.module.css';

/** What staff wrote and what was answered. New ones are announced by the page's live region (announcer.tsx). */
export function Messages({ canWrite = true }: { canWrite?: boolean }) {
  const t = useTranslations('messages');
  const { messages } = useRoomState();
  const unread = messages.filter(({ from, readAt }) => from !== 'PARTICIPANT' && readAt === null).length;
  return (
    <section aria-label={t('title')}>
      <Stack>
        <h2>{t('count', { unread })}</h2>
        {messages.length === 0 ? (
          <Quiet>{t('none')}</Quiet>
        ) : (
          <ol className={styles['list']}>
            {messages.map((message) => (
              <Line key={message.id} message={message} />
            ))}
          </ol>
        )}
        {canWrite && <Write />}
      </Stack>
    </section>
  );
}

function Line({ message: { id, from, text, sentAt, readAt } }: { message: MessageFacts }) {
  const t = useTranslations('messages');
  const format = useFormatter();
  const room = useRoom();
  const read = useAction(() => room.markRead(id));
  const isOwn = from === 'PARTICIPANT';
  const time = format.dateTime(new Date(sentAt), { timeStyle: 'short' });
  return (
    <li className={isOwn ? styles['own'] : styles['theirs']}>
      <Quiet>
        {t('from', { from, time })}
        {readAt !== null && ` · ${isOwn ? t('readByStaff') : t('isRead')}`}
      </Quiet>
      <p className={styles['text']} dir="auto">
        {text}
      </p>
      {!isOwn && readAt === null && (
        <Button disabled={read.isBusy} onClick={() => read.run()}>
          {t('read')}
        </Button>
      )}
      {read.fault && <Callout tone="bad">{read.fault}</Callout>}
    </li>
  );
}

function Write() {
  const t = useTranslations('messages');
  const b = useTranslations('buttons');
  const room = useRoom();
  const send = useAction((text: string) => room.send(text));
  return (
    <TextForm
      label={t('write')}
      rows={2}
      maxLength={2_000}
      send={b('send')}
      isBusy={send.isBusy}
      fault={send.fault}
      onSend={send.attempt}
    />
  );
}
