import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Dialog } from '../../shared/dialog.tsx';
import { Button, Failure, Field, Row, Stack, TextArea } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useConsole, useExam } from '../use-console.ts';
import styles from './dialog.module.css';
import { KeysHelp } from './keys-help.tsx';
import { Shares } from './shares.tsx';
import { useDecide } from './use-decide.ts';
import { useDeeds } from './use-deeds.ts';
import { type Deed, useLive, useView } from './view.ts';

/** Asks for what a deed needs, above everything else. Escape closes it, and nothing was done. */
export function DeedDialog() {
  const { deed } = useView();
  const live = useLive();
  return (
    <Dialog isOpen={deed !== null} onClose={() => live.set({ deed: null })}>
      {(titleId) => {
        if (deed?.kind === 'keys') return <KeysHelp titleId={titleId} />;
        if (deed?.kind === 'shares') return <Shares titleId={titleId} />;
        return deed && <DeedForm key={deed.kind} deed={deed} titleId={titleId} />;
      }}
    </Dialog>
  );
}

type Asking = Exclude<Deed, { kind: 'keys' | 'shares' }>;

/** Kinds that need a reason, and those that take one. */
const NEEDS_REASON = new Set<Asking['kind']>(['pause', 'time', 'outage', 'terminate', 'readmit', 'dismiss']);
const TAKES_REASON = new Set<Asking['kind']>([...NEEDS_REASON, 'admit']);
const PRESETS = ['a', 'b', 'c'] as const;
const LONGEST = 2_000;

function DeedForm({ deed, titleId }: { deed: Asking; titleId: string }) {
  const t = useTranslations('deed');
  const live = useLive();
  const deeds = useDeeds();
  const decide = useDecide();
  const { settings } = useExam();
  const { store } = useConsole();
  const isCheckingIn = (userId: string) => store.people.get().byId.get(userId)?.status === 'CHECKING_IN';
  const { kind } = deed;
  const [text, setText] = useState('');
  const [minutes, setMinutes] = useState(kind === 'outage' ? String(deed.minutes) : '10');
  const who = 'whom' in deed ? deeds.wordsFor(deed.whom) : '';
  const n = kind === 'dismiss' ? deed.ids.length : 0;

  const work = useAction(async () => {
    const reason = text.trim();
    switch (kind) {
      case 'message':
        await deeds.message(deed.whom, reason);
        break;
      case 'admit':
        await deeds.admit(deed.whom, reason || null);
        break;
      case 'time':
      case 'outage':
        await deeds.addTime(deed.whom, Number(minutes), reason);
        break;
      case 'dismiss':
        await decide(deed.ids, 'DISMISSED', reason);
        break;
      case 'start':
      case 'end':
        await deeds[kind]();
        break;
      default:
        await deeds[kind](deed.whom, reason);
    }
    live.set({ deed: null, chosen: new Set() });
  });

  const presets =
    kind === 'message' ? settings.messagePresets : TAKES_REASON.has(kind) ? PRESETS.map((name) => t(`${kind}.${name}` as never)) : [];
  // Whoever has not checked in is only let in with a reason.
  const skips = kind === 'admit' && deed.whom !== null && 'userIds' in deed.whom && deed.whom.userIds.some(isCheckingIn);
  const needsReason = NEEDS_REASON.has(kind) || skips;
  const isReady = (kind !== 'message' && !needsReason) || text.trim() !== '';
  const asksMinutes = kind === 'time' || kind === 'outage';
  return (
    <form
      method="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) work.run();
      }}
    >
      <Stack>
        <h2 id={titleId}>{t(`${kind}.title`, { who, n })}</h2>
        <p>{t(`${kind}.text`)}</p>
        {asksMinutes && (
          <Field
            label={t('minutes')}
            type="number"
            min={1}
            max={1_440}
            step={1}
            required
            value={minutes}
            onChange={({ target }) => setMinutes(target.value)}
          />
        )}
        {presets.length > 0 && (
          <div className={styles['presets']}>
            {presets.map((preset) => (
              <Button key={preset} aria-pressed={text === preset} onClick={() => setText(preset)}>
                <bdi>{preset}</bdi>
              </Button>
            ))}
          </div>
        )}
        {(kind === 'message' || TAKES_REASON.has(kind)) && (
          <TextArea
            label={kind === 'message' ? t('message.label') : t(needsReason ? 'reason' : 'reasonIfAny')}
            rows={3}
            maxLength={LONGEST}
            value={text}
            onChange={setText}
          />
        )}
        <Failure>{work.fault}</Failure>
        <Row>
          <Button type="submit" look={kind === 'terminate' || kind === 'end' ? 'danger' : 'primary'} disabled={!isReady || work.isBusy}>
            {t(`${kind}.confirm`)}
          </Button>
          <Button onClick={() => live.set({ deed: null })}>{t('cancel')}</Button>
        </Row>
      </Stack>
    </form>
  );
}
