import { useTranslations } from 'use-intl';
import { Button, Callout, Row } from '../../shared/parts.tsx';
import { isAllSent } from '../session/room-state.ts';
import { useRoom, useRoomState } from '../use-room.ts';

/** Asks who is here, where the link does not say it and somebody used it in this browser before. */
export function Somebody() {
  const t = useTranslations('somebody');
  const room = useRoom();
  const state = useRoomState();
  const { participant } = state;
  const name = participant?.name || participant?.userId || '';
  const isSent = isAllSent(state);
  return (
    <Callout>
      <h2>{t('title', { name })}</h2>
      <p>{t(isSent ? 'text' : 'wait', { name })}</p>
      <Row>
        <Button look="primary" onClick={room.confirm}>
          {t('yes')}
        </Button>
        <Button disabled={!isSent} onClick={room.forget}>
          {t('no')}
        </Button>
      </Row>
    </Callout>
  );
}
