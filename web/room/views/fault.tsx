import { useTranslations } from 'use-intl';
import { Button, Callout, Row } from '../../shared/parts.tsx';
import { useRoomState } from '../use-room.ts';

/** What the page or its worker cannot do any more. */
export function Fault() {
  const t = useTranslations('fault');
  const { fault } = useRoomState();
  return (
    <div role="alert">
      {fault && (
        <Callout tone="warn">
          <p>{t(fault.what, { message: fault.message })}</p>
          {fault.what === 'outdated' && (
            <Row>
              <Button onClick={() => location.reload()}>{t('reload')}</Button>
            </Row>
          )}
        </Callout>
      )}
    </div>
  );
}
