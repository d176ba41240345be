import { useDeferredValue, useId, useMemo, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { ApiError } from '../../shared/api.ts';
import shared from '../../shared/parts.module.css';
import { Button, Failure, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { useAction } from '../../shared/use-action.ts';
import { usePeople } from '../exam/use-people.ts';
import parts from '../parts.module.css';
import * as change from '../session/mutations.ts';
import type { ExamFacts } from '../session/school.ts';
import { useSchool } from '../use-school.ts';
import { faultsByLine, planRoster, toSend } from './plan.ts';
import { Preview } from './preview.tsx';
import styles from './roster.module.css';

/** In bytes: a list of 5,000 people has less than one of them. */
const LARGEST_FILE = 10_000_000;
const EXAMPLE = 'userId,name,group,extraMinutes\nu1001,Ada Lovelace,Room 1,\nu1002,Mary Somerville,Room 2,15\n';

/** Invites people by a list. What will happen is shown before it is sent. */
export function Roster({ exam, onChanged }: { exam: ExamFacts; onChanged(): Promise<void> }) {
  const t = useTranslations('school.roster');
  const school = useSchool();
  const { people, isAll, fault, again } = usePeople(exam.id);
  const [text, setText] = useState('');
  const [refused, setRefused] = useState<readonly string[]>([]);
  const id = useId();
  const read = useDeferredValue(text);
  const known = useMemo(() => new Map(people.map((one) => [one.userId, one])), [people]);
  const plan = useMemo(() => (read.trim() === '' ? null : planRoster(read, known)), [read, known]);
  const isOver = exam.status === 'COMPLETED' || exam.status === 'CANCELLED';

  const take = (list: string) => {
    setText(list);
    setRefused([]);
  };
  const open = useAction(async (file: File) => {
    if (file.size > LARGEST_FILE) return setRefused([t('largeFile')]);
    try {
      take(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()));
    } catch {
      // Other encodings would give people names that they do not have.
      setRefused([t('encoding')]);
    }
  });
  const invite = useAction(async () => {
    if (!plan) return;
    setRefused([]);
    const sent = toSend(plan);
    try {
      await school.graphql(change.SchoolInvite, { examId: exam.id, participants: sent.map(({ person }) => person) });
    } catch (error) {
      if (!(error instanceof ApiError) || error.details.length === 0) throw error;
      const faults = faultsByLine(error.details, sent);
      setRefused(faults.map(({ line, field, issue }) => (line === null ? `${field} ${issue}` : t('refusedLine', { line, field, issue }))));
      return;
    }
    await Promise.all([again(), onChanged()]);
    school.tell(t('done', { n: sent.length }));
    goTo({ exam: exam.id, tab: 'links' });
  });

  if (isOver) return <Quiet>{t('over')}</Quiet>;
  const n = plan ? plan.counts.new + plan.counts.changed : 0;
  return (
    <div className={styles['roster']}>
      <Stack>
        <div className={shared['field']}>
          <label htmlFor={id}>{t('list')}</label>
          <p id={`${id}-hint`} className={shared['hint']}>
            {t('hint')}
          </p>
          <textarea
            id={id}
            className={styles['list']}
            dir="auto"
            rows={8}
            spellCheck={false}
            placeholder={EXAMPLE}
            aria-describedby={`${id}-hint`}
            value={text}
            onChange={({ target }) => take(target.value)}
          />
        </div>
        <Row>
          <FileButton onFile={(file) => open.run(file)} />
          {text !== '' && (
            <Button className={parts['small']} onClick={() => take('')}>
              {t('clear')}
            </Button>
          )}
        </Row>
        <Failure>{fault}</Failure>
        {refused.length > 0 && (
          <Failure>
            <ul className={styles['faults']}>
              {refused.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </Failure>
        )}
        <Failure>{invite.fault}</Failure>
      </Stack>
      {plan && (
        <Preview plan={plan}>
          <Row>
            <Button look="primary" disabled={plan.fault !== null || n === 0 || !isAll || invite.isBusy} onClick={() => invite.run()}>
              {n === 0 ? t('nothing') : plan.counts.bad > 0 ? t('doGood', { n, bad: plan.counts.bad }) : t('do', { n })}
            </Button>
          </Row>
        </Preview>
      )}
    </div>
  );
}

function FileButton({ onFile }: { onFile(file: File): void }) {
  const t = useTranslations('school.roster');
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button className={parts['small']} onClick={() => input.current?.click()}>
        {t('file')}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
        aria-label={t('file')}
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file) onFile(file);
          // The same file, chosen again after it was mended, is a change too.
          target.value = '';
        }}
      />
    </>
  );
}
