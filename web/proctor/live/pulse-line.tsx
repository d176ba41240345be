import { useFormatter, useTranslations } from 'use-intl';
import { useStore } from '../../shared/store.ts';
import { useNow } from '../../shared/time.ts';
import { useConsole, useConsoleState } from '../use-console.ts';
import styles from './header.module.css';
import { type PulseFacts, readPulse } from './pulse.ts';

/** Whether what is shown is alive: quiet, dead and overloaded look different. */
export function PulseLine() {
  const t = useTranslations('pulse');
  const format = useFormatter();
  const { store } = useConsole();
  const { cutOffSince, seq, seqAt } = useConsoleState();
  const { last, receivedAt } = useStore(store.pulse);
  const now = useNow();
  const facts = readPulse({ last, receivedAt, now, seq, seqAt, isCutOff: cutOffSince !== null });
  const one = (value: number) => format.number(value, { maximumFractionDigits: 1 });
  return (
    <span className={styles['pulse']} data-state={facts.state}>
      <span aria-hidden className={styles['dot']} />
      <strong>{t(facts.state)}</strong> <span className={styles['quiet']}>{wordsOf(facts, t, one)}</span>
    </span>
  );
}

type Words = ReturnType<typeof useTranslations<'pulse'>>;

function wordsOf({ heardSeconds, online, missing, snapshots, lookedAt }: PulseFacts, t: Words, one: (value: number) => string): string {
  if (heardSeconds === null) return '';
  const parts = [t('heard', { seconds: heardSeconds }), t('online', { n: online })];
  if (missing > 0) parts.push(t('missing', { n: missing }));
  if (snapshots > 0) parts.push(t('snapshots', { n: one(snapshots), looked: one(lookedAt) }));
  return parts.join(' · ');
}
