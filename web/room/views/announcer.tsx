import { useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Hidden } from '../../shared/parts.tsx';
import { useRoomState } from '../use-room.ts';
import { useRemaining } from './use-clock.ts';

const MINUTES = [30, 10, 5, 1];

/** Long enough to be read out. After that the same words can be said again, and nobody who reads the page finds what is long past. */
const SAID_MS = 10_000;

/** Says to screen readers what others see: one polite line, and never more than happens. */
export function Announcer() {
  const t = useTranslations();
  const { messages, participant } = useRoomState();
  const [line, setLine] = useState('');
  const remaining = useRemaining();
  const before = useRef(remaining);
  const known = useRef<ReadonlySet<string> | null>(null);
  const credits = useRef<number | null>(null);
  const status = useRef(participant?.status);

  useEffect(() => {
    const last = before.current;
    before.current = remaining;
    if (remaining === null || last === null) return;
    const passed = MINUTES.find((minutes) => last > minutes * 60 && remaining <= minutes * 60);
    if (passed !== undefined) setLine(t('exam.announce', { minutes: passed }));
  }, [remaining, t]);

  useEffect(() => {
    const ids = new Set(messages.map(({ id }) => id));
    const fresh =
      known.current && messages.findLast(({ id, from, readAt }) => !known.current?.has(id) && from !== 'PARTICIPANT' && !readAt);
    known.current = ids;
    if (fresh) setLine(t('messages.new', { text: fresh.text }));
  }, [messages, t]);

  useEffect(() => {
    const all = participant?.timeCredits ?? [];
    const newest = all.at(-1);
    if (credits.current !== null && all.length > credits.current && newest)
      setLine(t('exam.added', { minutes: Math.round(newest.minutes), reason: newest.reason }));
    credits.current = all.length;
  }, [participant?.timeCredits, t]);

  useEffect(() => {
    const last = status.current;
    status.current = participant?.status;
    if (last === 'PAUSED' && participant?.status === 'ACTIVE') setLine(t('exam.resumed'));
  }, [participant?.status, t]);

  useEffect(() => {
    if (!line) return undefined;
    const timer = setTimeout(() => setLine(''), SAID_MS);
    return () => clearTimeout(timer);
  }, [line]);

  return (
    <div role="status">
      <Hidden>{line}</Hidden>
    </div>
  );
}
