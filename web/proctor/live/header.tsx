import { useFormatter, useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { useStore } from '../../shared/store.ts';
import { useNow } from '../../shared/time.ts';
import { useAction } from '../../shared/use-action.ts';
import { LanguageSelect } from '../../shared/words.tsx';
import { ViewLink } from '../../staff/view-link.tsx';
import { SEVERITIES, type Severity, STATUSES, unreadOf } from '../session/model.ts';
import { SeverityMark } from '../severity.tsx';
import { useConsole, useConsoleState, useExam } from '../use-console.ts';
import styles from './header.module.css';
import { HandIcon } from './parts.tsx';
import { EVERYBODY, type PeopleFilter } from './people-order.ts';
import { PulseLine } from './pulse-line.tsx';
import { useDeeds } from './use-deeds.ts';
import { useLive, useView } from './view.ts';

/** The exam at a glance: what it is, what time it is there, how many are where, and whether all of this is alive. */
export function Header() {
  const t = useTranslations('head');
  const exam = useExam();
  const { me } = useConsoleState();
  const { isKey } = useConsole();
  const live = useLive();
  return (
    <header className={styles['header']}>
      <div className={styles['line']}>
        <h1 dir="auto">{exam.title}</h1>
        <span className={styles['status']} data-status={exam.status}>
          {t(`status.${exam.status}`)}
        </span>
        <Clock />
        <PulseLine />
        <span className={styles['end']}>
          <span className={styles['me']} dir="auto">
            {me?.name}
          </span>
          <LanguageSelect label={t('language')} />
          {isKey && <a href="../../console/">{t('exams')}</a>}
          <ViewLink view={{ report: '' }}>{t('results')}</ViewLink>
          <Button onClick={() => live.set({ deed: { kind: 'keys' } })}>{t('keys')}</Button>
        </span>
      </div>
      <div className={styles['line']}>
        <Counts />
        <span className={styles['end']}>
          <ExamDeeds />
        </span>
      </div>
    </header>
  );
}

/** The server's time, which all times here are. */
function Clock() {
  const t = useTranslations('head');
  const format = useFormatter();
  const { clock } = useConsole();
  const { closesAt } = useExam();
  useNow();
  return (
    <span className={styles['clock']}>
      <span aria-label={t('clock')} role="timer" aria-live="off">
        {format.dateTime(clock.now(), { timeStyle: 'medium' })}
      </span>
      {closesAt && (
        <span className={styles['quiet']}>{t('closes', { time: format.dateTime(new Date(closesAt), { timeStyle: 'short' }) })}</span>
      )}
    </span>
  );
}

function Counts() {
  const t = useTranslations('head');
  const s = useTranslations('status');
  const { counts } = useExam();
  const live = useLive();
  const { filter, feedFilter } = useView();
  const { store } = useConsole();
  const unread = unreadOf(useStore(store.messages).all);
  const byStatus = new Map(counts.participants.map(({ status, count }) => [status, count]));
  const present = STATUSES.filter((status) => byStatus.has(status));
  const show = (state: PeopleFilter['state']) => live.set({ filter: filter.state === state ? EVERYBODY : { ...EVERYBODY, state } });
  const least = (severity: Severity) =>
    live.set({
      feedFilter: { ...feedFilter, severity: feedFilter.severity === severity ? 'INFO' : severity },
    });
  return (
    <ul className={styles['counts']} aria-label={t('counts')}>
      {present.map((status) => (
        <li key={status}>
          <button type="button" className={styles['count']} aria-pressed={filter.state === status} onClick={() => show(status)}>
            <strong>{byStatus.get(status)}</strong> {s(status)}
          </button>
        </li>
      ))}
      {counts.handsRaised > 0 && (
        <li>
          <button type="button" className={styles['hands']} onClick={() => live.keep({ order: 'attention' })}>
            <HandIcon /> {t('hands', { n: counts.handsRaised })}
          </button>
        </li>
      )}
      {unread.size > 0 && (
        <li>
          <button type="button" className={styles['hands']} onClick={() => live.set({ person: [...unread][0] ?? null, warning: null })}>
            ✉ {t('messages', { n: unread.size })}
          </button>
        </li>
      )}
      {counts.contested > 0 && (
        <li>
          <button
            type="button"
            className={styles['count']}
            aria-pressed={filter.review === 'CONTESTED'}
            onClick={() => live.set({ filter: filter.review === 'CONTESTED' ? EVERYBODY : { ...EVERYBODY, review: 'CONTESTED' } })}
          >
            {t('contested', { n: counts.contested })}
          </button>
        </li>
      )}
      {SEVERITIES.slice(0, 4).map((severity) => {
        const n = counts.warnings[severity.toLowerCase() as Lowercase<Severity>];
        return (
          n > 0 && (
            <li key={severity}>
              <button
                type="button"
                className={styles['count']}
                aria-pressed={feedFilter.severity === severity}
                onClick={() => least(severity)}
              >
                <SeverityMark severity={severity} withWord /> <strong>{n}</strong>
              </button>
            </li>
          )
        );
      })}
      {counts.warnings.unreviewed > 0 && (
        <li>
          <button
            type="button"
            className={styles['count']}
            aria-pressed={feedFilter.isOpen}
            onClick={() => live.set({ feedFilter: { ...feedFilter, isOpen: !feedFilter.isOpen } })}
          >
            {t('unreviewed', { n: counts.warnings.unreviewed })}
          </button>
        </li>
      )}
    </ul>
  );
}

/** What is done for everybody at once. */
function ExamDeeds() {
  const t = useTranslations('deed');
  const { counts, status } = useExam();
  const live = useLive();
  const isPaused = counts.participants.some((one) => one.status === 'PAUSED');
  const deeds = useDeeds();
  const resume = useAction(() => deeds.resume(null));
  const waiting = counts.participants.find((one) => one.status === 'WAITING')?.count ?? 0;
  const isOver = status === 'COMPLETED' || status === 'CANCELLED';
  if (isOver) return null;
  return (
    <>
      {waiting > 0 && (
        <Button look="primary" onClick={() => live.set({ deed: { kind: 'admit', whom: null } })}>
          {t('admit.all', { n: waiting })}
        </Button>
      )}
      <Button onClick={() => live.set({ deed: { kind: 'message', whom: null } })}>{t('message.all')}</Button>
      <Button onClick={() => live.set({ deed: { kind: 'time', whom: null } })}>{t('time.all')}</Button>
      <Button onClick={() => live.set({ deed: { kind: 'pause', whom: null } })}>{t('pause.all')}</Button>
      {isPaused && (
        <Button disabled={resume.isBusy} onClick={() => resume.run()}>
          {t('resumeAll')}
        </Button>
      )}
      {resume.fault && <span role="alert">{resume.fault}</span>}
      {status === 'CREATED' ? (
        <Button onClick={() => live.set({ deed: { kind: 'start' } })}>{t('start.do')}</Button>
      ) : (
        <Button look="danger" onClick={() => live.set({ deed: { kind: 'end' } })}>
          {t('end.do')}
        </Button>
      )}
    </>
  );
}
