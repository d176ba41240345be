import { useMemo } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Callout, Quiet } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useNow } from '../../shared/time.ts';
import { useAction } from '../../shared/use-action.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import { hasLeft, isOffline, mayBeAdmitted, nameOf, type Person } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useConsole, useExam } from '../use-console.ts';
import { useTypeLabel } from './labels.ts';
import panel from './panel.module.css';
import { CountChips, HandIcon, StatusMark } from './parts.tsx';
import { Arriving, TimeLeft, useAbsence } from './person-facts.tsx';
import { PersonMessages } from './person-messages.tsx';
import { PersonPicture } from './tiles.tsx';
import { useDeeds } from './use-deeds.ts';
import { useLive } from './view.ts';

const NEWEST = 6;

/** Everything about one person, and what can be done. */
export function PersonPanel({ userId }: { userId: string }) {
  const t = useTranslations('person');
  const live = useLive();
  const { store } = useConsole();
  const person = useStore(store.people).byId.get(userId);
  useNow();
  return (
    <aside className={panel['panel']} aria-label={person ? nameOf(person) : userId}>
      <div className={panel['head']}>
        <h2 dir="auto">{person ? nameOf(person) : userId}</h2>
        <Button onClick={() => live.set({ person: null })}>{t('close')}</Button>
      </div>
      {person ? <Facts person={person} /> : <Quiet>{t('loading')}</Quiet>}
    </aside>
  );
}

function Facts({ person }: { person: Person }) {
  const t = useTranslations('person');
  const format = useFormatter();
  const absence = useAbsence(person);
  const seen = person.pulse?.lastSeenAt ?? person.lastSeenAt;
  return (
    <div className={panel['section']}>
      {person.handRaised && <Hand person={person} />}
      <PersonPicture person={person} />
      <p>
        <StatusMark status={person.status} /> {absence && <span className={panel['quiet']}>{absence}</span>}
      </p>
      <Arriving person={person} />
      <dl className={panel['facts']}>
        <dt>{t('id')}</dt>
        <dd dir="auto">{[person.userId, person.group].filter(Boolean).join(' · ')}</dd>
        <dt>{t('left')}</dt>
        <dd>
          <TimeLeft person={person} />
          {person.extraMinutes > 0 && ` (${t('extra', { minutes: person.extraMinutes })})`}
        </dd>
        <dt>{t('seen')}</dt>
        <dd>{seen === null ? t('never') : format.dateTime(new Date(seen), { timeStyle: 'medium' })}</dd>
        {person.outageSeconds > 0 && (
          <>
            <dt>{t('outage')}</dt>
            <dd>{t('seconds', { n: person.outageSeconds })}</dd>
          </>
        )}
        {person.accommodations.length > 0 && (
          <>
            <dt>{t('accommodations')}</dt>
            <dd>
              <Accommodations person={person} />
            </dd>
          </>
        )}
        <dt>{t('warnings')}</dt>
        <dd>
          <CountChips counts={person.warningCounts} />
          {person.warningCounts.unreviewed === 0 && <span className={panel['quiet']}> {t('nothingOpen')}</span>}
        </dd>
      </dl>
      <Deeds person={person} />
      <PersonWarnings userId={person.userId} />
      <PersonMessages userId={person.userId} />
    </div>
  );
}

function Accommodations({ person }: { person: Person }) {
  const label = useTypeLabel();
  return person.accommodations.map(({ type, reason }) => (
    <div key={type} dir="auto">
      {label(type)}: {reason}
    </div>
  ));
}

function Hand({ person }: { person: Person }) {
  const t = useTranslations('person');
  const { lowerHand } = useConsole();
  const lower = useAction(() => lowerHand(person.userId));
  return (
    <Callout tone="warn">
      <strong>
        <HandIcon /> {t('hand')}
      </strong>
      {person.handText && <p dir="auto">{person.handText}</p>}
      <div>
        <Button disabled={lower.isBusy} onClick={() => lower.run()}>
          {t('lower')}
        </Button>
      </div>
      {lower.fault && <p role="alert">{lower.fault}</p>}
    </Callout>
  );
}

/** What can be done for this person now. */
function Deeds({ person }: { person: Person }) {
  const t = useTranslations('deed');
  const live = useLive();
  const { resume: goOn, requestSnapshot } = useDeeds();
  const { settings, status } = useExam();
  const isOver = status === 'COMPLETED' || status === 'CANCELLED';
  const whom = { userIds: [person.userId] };
  const open = (kind: 'message' | 'pause' | 'time' | 'terminate' | 'readmit' | 'admit') => live.set({ deed: { kind, whom } });
  const isInside = person.status === 'ACTIVE' || isOffline(person);
  const resume = useAction(() => goOn(whom));
  const picture = useAction(() => requestSnapshot(person.userId));
  const fault = resume.fault ?? picture.fault;
  return (
    <div className={panel['deeds']}>
      {mayBeAdmitted(person) && (
        <Button look="primary" onClick={() => open('admit')}>
          {t('admit.do')}
        </Button>
      )}
      {!isOver && <Button onClick={() => open('message')}>{t('message.do')}</Button>}
      {person.status === 'PAUSED' ? (
        <Button look="primary" disabled={resume.isBusy} onClick={() => resume.run()}>
          {t('resume')}
        </Button>
      ) : (
        isInside && <Button onClick={() => open('pause')}>{t('pause.do')}</Button>
      )}
      {person.outageSeconds >= 60 && !hasLeft(person) && (
        <Button onClick={() => live.set({ deed: { kind: 'outage', whom, minutes: Math.ceil(person.outageSeconds / 60) } })}>
          {t('outage.do')}
        </Button>
      )}
      {!isOver && <Button onClick={() => open('time')}>{t('time.do')}</Button>}
      {person.status === 'ACTIVE' && settings.webcam && (
        <Button disabled={picture.isBusy} onClick={() => picture.run()}>
          {t('picture')}
        </Button>
      )}
      {isOver ? null : hasLeft(person) ? (
        <Button onClick={() => open('readmit')}>{t('readmit.do')}</Button>
      ) : (
        <Button look="danger" onClick={() => open('terminate')}>
          {t('terminate.do')}
        </Button>
      )}
      <ViewLink view={{ person: person.userId }}>{t('review')}</ViewLink>
      {fault && <span role="alert">{fault}</span>}
    </div>
  );
}

function PersonWarnings({ userId }: { userId: string }) {
  const t = useTranslations('person');
  const format = useFormatter();
  const live = useLive();
  const label = useTypeLabel();
  const { store } = useConsole();
  const { warnings } = useStore(store.feed);
  const newest = useMemo(
    () =>
      warnings
        .filter((one) => one.userId === userId)
        .slice(-NEWEST)
        .toReversed(),
    [warnings, userId],
  );
  if (newest.length === 0) return null;
  return (
    <section className={panel['section']}>
      <h3>{t('newest')}</h3>
      <ol className={panel['warnings']}>
        {newest.map((warning) => (
          <li key={warning.id}>
            <button type="button" onClick={() => live.set({ warning: warning.id })}>
              <SeverityMark severity={warning.severity} />
              <span>{label(warning.type)}</span>
              <time dateTime={warning.timestamp}>{format.dateTime(new Date(warning.timestamp), { timeStyle: 'medium' })}</time>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
