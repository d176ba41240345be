import { useEffect } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Callout, Quiet, Row, Stack, Title } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import type { Problem } from '../session/room-state.ts';
import { useRoom, useRoomState } from '../use-room.ts';

const RETRY_MS = 10_000;
/** A timer is at most this far ahead; after it the page looks again. */
const LONGEST_WAIT_MS = 600_000;

/** Those that may pass while the page is open. */
const PASSING: ReadonlySet<Problem> = new Set(['unreachable', 'not-open']);

export function ProblemPage({ problem, message }: { problem: Problem; message: string | null }) {
  const t = useTranslations('problem');
  const b = useTranslations('buttons');
  const format = useFormatter();
  const room = useRoom();
  const { exam } = useRoomState();
  const enter = useAction(() => room.comeBack());
  const opensAt = exam?.opensAt ? Date.parse(exam.opensAt) : null;

  useEffect(() => {
    if (!PASSING.has(problem)) return undefined;
    const wait =
      problem === 'not-open' && opensAt !== null ? Math.min(LONGEST_WAIT_MS, Math.max(1_000, opensAt - room.clock.now())) : RETRY_MS;
    const timer = setTimeout(() => void room.load(), wait);
    return () => clearTimeout(timer);
  }, [problem, opensAt, room]);

  const at = problem === 'not-open' ? exam?.opensAt : exam?.closesAt;
  const words = {
    exam: exam?.title ?? '',
    at: at ? format.dateTime(new Date(at), { dateStyle: 'full', timeStyle: 'short' }) : '',
  };
  return (
    <Stack>
      <Title>{t(`${problem}.title`, words)}</Title>
      <p>{t(`${problem}.text`, words)}</p>
      {enter.fault && <Callout tone="bad">{enter.fault}</Callout>}
      {message && <Quiet>{t('detail', { message })}</Quiet>}
      <Row>
        {problem === 'other-tab' && (
          <Button look="primary" onClick={() => void room.takeOver()}>
            {t('other-tab.take')}
          </Button>
        )}
        {problem === 'unreachable' && (
          <Button look="primary" onClick={() => void room.load()}>
            {b('again')}
          </Button>
        )}
        {problem === 'seat-taken' && (
          <Button disabled={enter.isBusy} onClick={enter.run}>
            {t('seat-taken.enter')}
          </Button>
        )}
        {problem === 'not-open' && <a href={`?practice${location.hash}`}>{t('not-open.practise')}</a>}
      </Row>
    </Stack>
  );
}

export function Practised() {
  const t = useTranslations('practised');
  return (
    <Stack>
      <Title>{t('title')}</Title>
      <p>{t('text')}</p>
      <div>
        <Button onClick={() => location.reload()}>{t('again')}</Button>
      </div>
    </Stack>
  );
}
