import { type Ref, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Failure } from '../../shared/parts.tsx';
import { useAction, useFault } from '../../shared/use-action.ts';
import styles from './decide.module.css';
import type { Decision } from './session.ts';
import { useReview, useReviewState } from './use-review.ts';

/** In the order of how often they are meant. */
const PRESETS = ['harmless', 'wrong', 'permitted', 'technical', 'bystander'] as const;
const MOST_CHARACTERS = 2_000;

/** Confirms or dismisses warnings; to dismiss them takes a reason, by one click or in words. */
export function Decide({ ids, onDone, reasonRef }: { ids: readonly string[]; onDone?(): void; reasonRef?: Ref<HTMLInputElement> }) {
  const t = useTranslations('review.decide');
  const session = useReview();
  const [text, setText] = useState('');
  const decide = useAction(async (decision: Decision, reason: string | null) => {
    await session.decide(ids, decision, reason);
    setText('');
    onDone?.();
  });
  const own = text.trim();
  return (
    <form
      className={styles['decide']}
      onSubmit={(event) => {
        event.preventDefault();
        if (own) decide.run('DISMISSED', own);
      }}
    >
      <Button look="primary" disabled={decide.isBusy} onClick={() => decide.run('CONFIRMED', own || null)}>
        {t('confirm')}
      </Button>
      <fieldset className={styles['presets']}>
        <legend>{t('because')}</legend>
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            className={styles['preset']}
            disabled={decide.isBusy}
            onClick={() => decide.run('DISMISSED', t(`presets.${preset}`))}
          >
            {t(`presets.${preset}`)}
          </Button>
        ))}
        <span className={styles['own']}>
          <input
            ref={reasonRef}
            className={styles['reason']}
            aria-label={t('reason')}
            placeholder={t('reason')}
            maxLength={MOST_CHARACTERS}
            dir="auto"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <Button type="submit" className={styles['preset']} disabled={decide.isBusy || own === ''}>
            {t('dismiss')}
          </Button>
        </span>
      </fieldset>
      <Failure>{decide.fault}</Failure>
    </form>
  );
}

/** The newest decision, and the way back. */
export function Done() {
  const t = useTranslations('review.decide');
  const session = useReview();
  const { done, refused } = useReviewState();
  const undo = useAction(session.undo);
  const inWords = useFault();
  const fault = undo.fault ?? (refused === null ? null : inWords(refused));
  return (
    <div role="status" className={styles['done']}>
      {done && (
        <>
          <span>{t('done', { decision: done.decision, count: done.before.length })}</span>
          <Button className={styles['preset']} disabled={undo.isBusy} onClick={undo.run}>
            {t('undo')}
          </Button>
        </>
      )}
      {fault && <Callout tone="bad">{fault}</Callout>}
    </div>
  );
}
