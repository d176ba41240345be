import { useEffect } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { useStore } from '../../shared/store.ts';
import { TextForm } from '../../shared/text-form.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useConsole, useExam } from '../use-console.ts';
import panel from './panel.module.css';

const LONGEST = 2_000;

/** What was written to and from one person; opening it marks what the person wrote as read. */
export function PersonMessages({ userId }: { userId: string }) {
  const t = useTranslations('message');
  const format = useFormatter();
  const { store, sendMessage, markRead } = useConsole();
  const { status } = useExam();
  const all = useStore(store.messages).all.filter((message) => message.userId === userId || message.userId === null);
  const send = useAction((text: string) => sendMessage(userId, text));
  const unread = all.filter(({ from, readAt }) => from === 'PARTICIPANT' && readAt === null);
  const newest = unread.at(-1)?.id;
  useEffect(() => {
    for (const { id } of unread) void markRead(id).catch(() => {});
    // Once for each that comes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [newest, markRead]);
  const isOver = status === 'COMPLETED' || status === 'CANCELLED';
  return (
    <section className={panel['section']}>
      <h3>{t('title')}</h3>
      <ol className={panel['messages']}>
        {all.map(({ id, from, by, text, sentAt, readAt, userId: to }) => (
          <li key={id} data-own={from === 'STAFF' || undefined}>
            <span className={panel['quiet']}>
              <bdi>{from === 'PARTICIPANT' ? t('candidate') : by}</bdi>, {format.dateTime(new Date(sentAt), { timeStyle: 'short' })}
              {to === null && ` · ${t('toAll')}`}
              {from === 'STAFF' && to !== null && ` · ${readAt === null ? t('unread') : t('read')}`}
            </span>
            <div dir="auto">{text}</div>
          </li>
        ))}
      </ol>
      {!isOver && (
        <TextForm
          label={t('label')}
          rows={2}
          maxLength={LONGEST}
          send={t('send')}
          isBusy={send.isBusy}
          fault={send.fault}
          onSend={send.attempt}
        />
      )}
    </section>
  );
}
