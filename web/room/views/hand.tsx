import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Field, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useRoom, useRoomState } from '../use-room.ts';
import styles from './messages.module.css';

/** It opens by a click on a button that is gone then. */
const focusOnce = (input: HTMLInputElement | null) => input?.focus();

/** In the same place at every step from the waiting room on. */
export function Hand() {
  const t = useTranslations('hand');
  const room = useRoom();
  const { participant } = useRoomState();
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const raise = useAction(async () => {
    await room.raiseHand(text.trim());
    setText('');
    setOpen(false);
  });
  const lower = useAction(() => room.lowerHand());
  const fault = raise.fault ?? lower.fault;
  return (
    <section className={styles['hand']} aria-label={t('raise')}>
      <div role="status">{participant?.handRaised && <Callout tone="good">{t('up')}</Callout>}</div>
      {fault && <Callout tone="bad">{fault}</Callout>}
      {participant?.handRaised ? (
        <Button disabled={lower.isBusy} onClick={lower.run}>
          {t('lower')}
        </Button>
      ) : isOpen ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            raise.run();
          }}
        >
          <Stack>
            <Field ref={focusOnce} label={t('what')} value={text} maxLength={500} onChange={({ target }) => setText(target.value)} />
            <Row>
              <Button type="submit" look="primary" disabled={raise.isBusy}>
                {t('raise')}
              </Button>
              <Button onClick={() => setOpen(false)}>{t('cancel')}</Button>
            </Row>
          </Stack>
        </form>
      ) : (
        <Button onClick={() => setOpen(true)}>{t('raise')}</Button>
      )}
    </section>
  );
}
