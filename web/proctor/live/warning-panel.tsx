import { useEffect, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Failure, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useAction } from '../../shared/use-action.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import { HOLD_SECONDS, nameOf, type WarningFacts, type WarningReason } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useConsole, useExam } from '../use-console.ts';
import { useTypeLabel } from './labels.ts';
import styles from './panel.module.css';
import { useDecide } from './use-decide.ts';
import { useLive } from './view.ts';

/** Why a warning was raised: what was seen, for how long, with which score, by what; its picture; and the decision. */
export function WarningPanel({ id }: { id: string }) {
  const t = useTranslations('reason');
  const live = useLive();
  const { store } = useConsole();
  const { warnings } = useStore(store.feed);
  const warning = warnings.find((one) => one.id === id);
  return (
    <aside className={styles['panel']} aria-label={t('title')}>
      <div className={styles['head']}>
        <h2>{t('title')}</h2>
        <Button onClick={() => live.set({ warning: null })}>{t('close')}</Button>
      </div>
      {warning ? <Facts key={`${id} ${warning.endedAt} ${warning.review?.at}`} warning={warning} /> : <Quiet>{t('gone')}</Quiet>}
    </aside>
  );
}

function Facts({ warning }: { warning: WarningFacts }) {
  const t = useTranslations('reason');
  const f = useTranslations('feed');
  const format = useFormatter();
  const live = useLive();
  const { store, readReason, here } = useConsole();
  const { settings } = useExam();
  const label = useTypeLabel();
  const decide = useDecide();
  const [reason, setReason] = useState<WarningReason | null>(null);
  const [fault, setFault] = useState(false);
  const isDecided = warning.review !== null;
  useEffect(() => {
    let isHere = true;
    readReason(warning.id).then(
      (found) => isHere && setReason(found),
      () => isHere && setFault(true),
    );
    return () => {
      isHere = false;
    };
  }, [readReason, warning.id]);
  const confirm = useAction(() => decide([warning.id], 'CONFIRMED', null));
  const person = warning.userId === null ? undefined : store.people.get().byId.get(warning.userId);
  const record = reason?.records.find(({ type, source }) => type === warning.type && source === warning.source);
  const begun = Date.parse(warning.timestamp);
  const seconds = warning.endedAt === null ? null : Math.max(1, Math.round((Date.parse(warning.endedAt) - begun) / 1_000));
  return (
    <Stack>
      <p>
        <SeverityMark severity={warning.severity} withWord /> <strong>{label(warning.type)}</strong>
      </p>
      <p>
        <button type="button" className={styles['link']} dir="auto" onClick={() => person && live.set({ person: person.userId })}>
          {person ? nameOf(person) : warning.userId}
        </button>
        {', '}
        <time dateTime={warning.timestamp}>{format.dateTime(begun, { timeStyle: 'medium' })}</time>
      </p>
      {warning.details && <p dir="auto">{warning.details}</p>}
      {reason?.frameUrl ? (
        <img
          className={styles['evidence']}
          src={here(reason.frameUrl)}
          alt={t('picture', { time: format.dateTime(begun, { timeStyle: 'medium' }) })}
        />
      ) : (
        <Quiet>{fault ? t('noAnswer') : t('noPicture')}</Quiet>
      )}
      <dl className={styles['facts']}>
        <dt>{t('lasted')}</dt>
        <dd>{seconds !== null ? t('seconds', { n: seconds }) : warning.source === 'ANALYSIS' ? t('goesOn') : t('moment')}</dd>
        <dt>{t('source')}</dt>
        <dd>{f(`by.${warning.source}`)}</dd>
        {warning.source === 'ANALYSIS' && (
          <>
            <dt>{t('threshold')}</dt>
            <dd>{t('hold', { seconds: HOLD_SECONDS[settings.aiDetection.sensitivity] })}</dd>
          </>
        )}
        {warning.confidence !== null && (
          <>
            <dt>{t('confidence')}</dt>
            <dd>
              {format.number(warning.confidence, { style: 'percent' })} <span className={styles['quiet']}>{t('confidenceNote')}</span>
            </dd>
          </>
        )}
        <dt>{t('record')}</dt>
        <dd>
          {record && record.precision !== null
            ? t('decided', { dismissed: record.dismissed, of: record.dismissed + record.confirmed })
            : t('noRecord')}
        </dd>
        <dt>{t('candidate')}</dt>
        <dd>{reason === null ? '…' : reason.visibleToCandidate ? t('sees') : t('seesNot')}</dd>
        {warning.review && (
          <>
            <dt>{t('decision')}</dt>
            <dd dir="auto">
              {f(warning.review.decision)}, {warning.review.by}
              {warning.review.reason && `: ${warning.review.reason}`}
            </dd>
          </>
        )}
      </dl>
      <Failure>{confirm.fault}</Failure>
      <Row>
        <Button disabled={confirm.isBusy || warning.review?.decision === 'CONFIRMED'} onClick={() => confirm.run()}>
          {t('confirm')}
        </Button>
        <Button
          disabled={warning.review?.decision === 'DISMISSED'}
          onClick={() => live.set({ deed: { kind: 'dismiss', ids: [warning.id] } })}
        >
          {isDecided ? t('dismissAfterAll') : t('dismiss')}
        </Button>
        {person && (
          <ViewLink view={{ person: person.userId, at: warning.timestamp }}>
            {reason?.recording ? t('moment-in-recording') : t('review')}
          </ViewLink>
        )}
      </Row>
    </Stack>
  );
}
