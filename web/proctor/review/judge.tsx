import { useId, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Failure, Quiet, Row, Stack, TextArea } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useConsoleState } from '../use-console.ts';
import styles from './judge.module.css';
import { hasJudged, type VerdictStatus } from './model.ts';
import more from './more.module.css';
import { usePerson, useReview, useTimes } from './use-review.ts';
import { VerdictList } from './verdict-list.tsx';

const DECISIONS = ['PASSED', 'SUSPICIOUS', 'VIOLATION', 'IN_REVIEW'] as const;
const ANSWERS = ['UPHELD', 'OVERTURNED'] as const;
type Choosable = (typeof DECISIONS)[number] | (typeof ANSWERS)[number];
const WITHOUT_REASON: ReadonlySet<VerdictStatus> = new Set(['PASSED', 'IN_REVIEW']);
const MOST_CHARACTERS = 2_000;

/** What the server accepts now. */
function choicesOf(review: VerdictStatus): readonly Choosable[] {
  if (review === 'CONTESTED') return ANSWERS;
  if (review === 'UPHELD') return ['OVERTURNED'];
  return review === 'OVERTURNED' ? [] : DECISIONS;
}

/** The verdict: what it is, what the candidate says to it, and the reader's own. */
export function Judge() {
  const t = useTranslations('review.judge');
  const person = usePerson();
  const { me } = useConsoleState();
  const isBlind = !hasJudged(person, me?.name ?? '');
  const choices = choicesOf(person.review);
  return (
    <section className={more['card']} aria-labelledby="judge-title" data-testid="judge">
      <h2 id="judge-title">{t('title')}</h2>
      {person.secondReviewNeeded && (
        <Callout tone="warn">
          <p>
            <strong>{t('second')}</strong>
          </p>
          <p>{t(isBlind ? 'blind' : 'waits')}</p>
        </Callout>
      )}
      <Objection />
      {choices.length > 0 ? <Form key={choices.join(' ')} choices={choices} /> : <Quiet>{t('final')}</Quiet>}
      <VerdictList />
    </section>
  );
}

function Objection() {
  const t = useTranslations('review.judge');
  const { contest } = usePerson();
  const { full } = useTimes();
  if (!contest) return null;
  return (
    <div className={styles['objection']}>
      <h3>{t('objection', { time: full(contest.at) })}</h3>
      <blockquote className={styles['quote']} dir="auto">
        {contest.text}
      </blockquote>
      {contest.answer !== null && (
        <>
          <h3>
            <bdi>{t('answered', { by: contest.answeredBy ?? '', time: full(contest.answeredAt ?? contest.at) })}</bdi>
          </h3>
          <blockquote className={styles['quote']} dir="auto">
            {contest.answer}
          </blockquote>
        </>
      )}
    </div>
  );
}

function Form({ choices }: { choices: readonly Choosable[] }) {
  const t = useTranslations('review.judge');
  const v = useTranslations('verdict');
  const session = useReview();
  const group = useId();
  const [status, setStatus] = useState<Choosable | null>(null);
  const [reason, setReason] = useState('');
  const [saved, setSaved] = useState<VerdictStatus | null>(null);
  const save = useAction(async (chosen: Choosable, why: string) => {
    setSaved(null);
    await session.judge(chosen, why || null);
    setSaved(chosen);
    setStatus(null);
    setReason('');
  });
  const isAnswer = choices.every((one) => one === 'UPHELD' || one === 'OVERTURNED');
  const lacksReason = status !== null && !WITHOUT_REASON.has(status) && reason.trim() === '';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (status && !lacksReason) save.run(status, reason.trim());
      }}
    >
      <Stack>
        <fieldset className={styles['choices']}>
          <legend>{t('label')}</legend>
          {choices.map((one) => (
            <label key={one} className={styles['choice']}>
              <input type="radio" name={group} value={one} checked={status === one} onChange={() => setStatus(one)} />
              <span>{t(one)}</span>
            </label>
          ))}
        </fieldset>
        <TextArea label={t(isAnswer ? 'answer' : 'reason')} rows={3} maxLength={MOST_CHARACTERS} value={reason} onChange={setReason} />
        <Failure>{save.fault}</Failure>
        <Row>
          <Button type="submit" look="primary" disabled={save.isBusy || status === null || lacksReason}>
            {t('save')}
          </Button>
          <span role="status" className={more['small']}>
            {lacksReason ? t('needsReason') : saved && t('saved', { status: v(saved) })}
          </span>
        </Row>
      </Stack>
    </form>
  );
}
