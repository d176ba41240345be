import { useCallback, useEffect, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import type { FindingsQuery } from '../../generated/graphql.ts';
import { Quiet, Row, Stack } from '../../shared/parts.tsx';
import { isOfObjects } from '../../shared/slug.ts';
import { TextForm } from '../../shared/text-form.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useExam, useRoom, useRoomState } from '../use-room.ts';
import styles from './ended.module.css';

type Facts = NonNullable<NonNullable<FindingsQuery['exam']>['participant']>;
type Finding = Facts['warnings']['edges'][number]['node'];

/** Verdicts to which a candidate may object. */
const CONTESTABLE = new Set(['SUSPICIOUS', 'VIOLATION']);

/** What is decided about several warnings at once comes as many events. */
const SETTLE_MS = 300;

/** What was noted, with its pictures, as far as the exam's settings show it; and the candidate's one answer. */
export function Findings() {
  const t = useTranslations('findings');
  const room = useRoom();
  const { settings, status } = useExam();
  const { participant, lastChange, judgedSeq } = useRoomState();
  const [facts, setFacts] = useState<Facts | null>(null);
  const read = useCallback(() => room.readFindings().then(setFacts, () => {}), [room]);
  // What may be seen, and what was decided, changes with these.
  const state = [status, participant?.status, lastChange?.at, lastChange?.to].join();
  useEffect(() => {
    if (state) void read();
  }, [read, state]);
  useEffect(() => {
    if (judgedSeq === 0) return undefined;
    const timer = setTimeout(() => void read(), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [read, judgedSeq]);
  if (!facts) return null;
  const found = facts.warnings.edges.map(({ node }) => node);
  return (
    <section aria-label={t('title')}>
      <Stack>
        <h2>{t('title')}</h2>
        {facts.review !== 'NOT_REVIEWED' && (
          <p>
            <strong>{t('review', { review: facts.review })}</strong>
          </p>
        )}
        {settings.candidateView === 'NEVER' ? (
          <Quiet>{t('later')}</Quiet>
        ) : found.length === 0 ? (
          <Quiet>{t('none')}</Quiet>
        ) : (
          <>
            <Quiet>{t('about')}</Quiet>
            <ol className={styles['findings']}>
              {found.map((finding) => (
                <Line key={finding.id} finding={finding} />
              ))}
            </ol>
          </>
        )}
        <Answer facts={facts} onSent={read} />
      </Stack>
    </section>
  );
}

function Line({ finding: { type, severity, details, timestamp, frameUrl, review } }: { finding: Finding }) {
  const t = useTranslations();
  const format = useFormatter();
  const time = format.dateTime(new Date(timestamp), { timeStyle: 'medium' });
  const words = `warning.${type}`;
  return (
    <li className={styles['finding']}>
      <Row>
        <span className={styles['severity']}>{t(`severity.${severity}`)}</span>
        <strong>{!isOfObjects(type) && t.has(words as never) ? t(words as never) : type}</strong>
        <span>{time}</span>
      </Row>
      {details && <p dir="auto">{details}</p>}
      {frameUrl && (
        <img
          className={styles['evidence']}
          // The server's address may be another one than the page's, behind a proxy.
          src={new URL(new URL(frameUrl).pathname + new URL(frameUrl).search, location.href).href}
          alt={t('findings.picture', { time })}
          loading="lazy"
        />
      )}
      <Quiet>
        {!review
          ? t('findings.open')
          : review.decision === 'DISMISSED'
            ? t('findings.dismissed', { reason: review.reason ?? '' })
            : t('findings.confirmed', { reason: review.reason ?? 'none' })}
      </Quiet>
    </li>
  );
}

function Answer({ facts, onSent }: { facts: Facts; onSent(): Promise<void> }) {
  const t = useTranslations('findings');
  const format = useFormatter();
  const room = useRoom();
  const send = useAction(async (text: string) => {
    await room.contest(text);
    await onSent();
  });
  const { contest, review } = facts;
  const at = (time: string) => format.dateTime(new Date(time), { dateStyle: 'medium', timeStyle: 'short' });
  if (contest)
    return (
      <Stack>
        <h3>{t('yourAnswer', { time: at(contest.at) })}</h3>
        <p dir="auto">{contest.text}</p>
        {contest.answer && (
          <>
            <h3>{t('staffAnswer')}</h3>
            <p dir="auto">{contest.answer}</p>
          </>
        )}
      </Stack>
    );
  if (!CONTESTABLE.has(review)) return null;
  return (
    <Stack>
      <h3>{t('contest')}</h3>
      <p>{t('contestText')}</p>
      <TextForm
        label={t('contestLabel')}
        rows={6}
        maxLength={5_000}
        send={t('contest')}
        look="primary"
        isBusy={send.isBusy}
        fault={send.fault}
        onSend={send.attempt}
      />
    </Stack>
  );
}
