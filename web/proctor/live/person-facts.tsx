import { useFormatter, useTranslations } from 'use-intl';
import { isOfObjects } from '../../shared/slug.ts';
import { asClock } from '../../shared/time.ts';
import { hasLeft, type Person } from '../session/model.ts';
import { useConsole, useExam } from '../use-console.ts';
import styles from './live.module.css';
import { absenceOf, arrives } from './why-absent.ts';

/** Why somebody is not sitting in front of the questions, in words; null if they are. */
export function useAbsence(person: Person): string | null {
  const t = useTranslations('absence');
  const format = useFormatter();
  const absence = absenceOf(person);
  if (!absence) return null;
  if (absence.why === 'offline') {
    const since = absence.since === null ? '' : format.dateTime(new Date(absence.since), { timeStyle: 'short' });
    return t('offline', { since });
  }
  if (absence.why !== 'checking-in') return t(absence.why);
  const [device = '', ...rest] = absence.step?.split('_') ?? [];
  const blocker = rest.join('_');
  if (isOfObjects(device) || isOfObjects(blocker)) return t('checking-in', { step: '' });
  return rest.length > 0 ? t('blocked', { device, blocker }) : t('checking-in', { step: device });
}

/** Seconds that are left of somebody's time; null before it runs and after it ended. */
export function secondsLeft({ status, endsAt, remainingSeconds }: Person, now: number): number | null {
  if (hasLeft({ status })) return null;
  if (endsAt === null) return remainingSeconds;
  return Math.max(0, Math.ceil((Date.parse(endsAt) - now) / 1_000));
}

/** What is left of somebody's time, to the minute. */
export function useTimeLeft(person: Person): string | null {
  const t = useTranslations('people');
  const { clock } = useConsole();
  const left = secondsLeft(person, clock.now());
  return left === null ? null : t('left-minutes', { minutes: Math.ceil(left / 60) });
}

export function TimeLeft({ person }: { person: Person }) {
  const { clock } = useConsole();
  const left = secondsLeft(person, clock.now());
  return left === null ? '–' : asClock(left);
}

/** Whether camera and screen arrive at the server. */
export function Arriving({ person }: { person: Person }) {
  const t = useTranslations('people');
  const { clock } = useConsole();
  const { settings } = useExam();
  // Before the time begins and while it stands still nothing should arrive.
  if (person.status !== 'ACTIVE' && person.status !== 'DISCONNECTED') return null;
  const now = clock.now();
  const kinds = [
    { kind: 'webcam', isThere: arrives(person.pulse?.webcamChunkAt, settings.webcam, now) },
    { kind: 'screen', isThere: arrives(person.pulse?.screenChunkAt, settings.screenRecording, now) },
  ] as const;
  const told = kinds.filter(({ isThere }) => isThere !== null);
  if (told.length === 0) return null;
  return (
    <ul className={styles['arriving']}>
      {told.map(({ kind, isThere }) => (
        <li key={kind} data-missing={!isThere || undefined}>
          {t(isThere ? `${kind}-arrives` : `${kind}-missing`)}
        </li>
      ))}
    </ul>
  );
}
