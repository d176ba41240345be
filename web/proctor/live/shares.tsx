import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Failure, Field, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import type { ExamFacts } from '../session/model.ts';
import { useConsole, useConsoleState, useExam } from '../use-console.ts';
import styles from './dialog.module.css';
import { useLive } from './view.ts';

/** Who watches which group. A share changes nobody's rights: it says who looks. */
export function Shares({ titleId }: { titleId: string }) {
  const t = useTranslations('shares');
  const live = useLive();
  const { groups } = useExam();
  return (
    <Stack>
      <h2 id={titleId}>{t('title')}</h2>
      <p>{t('text')}</p>
      <ul className={styles['shares']}>
        {groups.map((group) => (
          <Share key={group.name} group={group} />
        ))}
      </ul>
      <Row>
        <Button look="primary" onClick={() => live.set({ deed: null })}>
          {t('done')}
        </Button>
      </Row>
    </Stack>
  );
}

function Share({ group: { name, participants, takenBy } }: { group: ExamFacts['groups'][number] }) {
  const t = useTranslations('shares');
  const { me } = useConsoleState();
  const { takeGroup, releaseGroup, handOverGroup } = useConsole();
  const [to, setTo] = useState<string | null>(null);
  const take = useAction(() => takeGroup(name));
  const release = useAction(() => releaseGroup(name));
  const handOver = useAction(async () => {
    await handOverGroup(name, to?.trim() ?? '');
    setTo(null);
  });
  const isBusy = take.isBusy || release.isBusy || handOver.isBusy;
  const fault = take.fault ?? release.fault ?? handOver.fault;
  return (
    <li>
      <div>
        <strong dir="auto">{name}</strong> <span>{t('people', { n: participants })}</span>
      </div>
      {takenBy === null ? <Quiet>{t('free')}</Quiet> : <p dir="auto">{takenBy === me?.name ? t('mine') : t('by', { name: takenBy })}</p>}
      <Row>
        {takenBy === null && (
          <Button disabled={isBusy} onClick={() => take.run()}>
            {t('take')}
          </Button>
        )}
        {takenBy !== null && (
          <Button disabled={isBusy} onClick={() => release.run()}>
            {t('release')}
          </Button>
        )}
        {(takenBy === null || takenBy === me?.name) && to === null && <Button onClick={() => setTo('')}>{t('handOver')}</Button>}
      </Row>
      {to !== null && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            handOver.run();
          }}
        >
          <Stack>
            <Field label={t('to')} hint={t('toHint')} maxLength={200} required value={to} onChange={({ target }) => setTo(target.value)} />
            <Row>
              <Button type="submit" disabled={isBusy}>
                {t('handOver')}
              </Button>
              <Button onClick={() => setTo(null)}>{t('cancel')}</Button>
            </Row>
          </Stack>
        </form>
      )}
      <Failure>{fault}</Failure>
    </li>
  );
}
