import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import styles from './header.module.css';
import { type Notice, useLive, useView } from './view.ts';

const SHOWN_MS = 10_000;

/** What was done, for ten seconds, with the way back. It stays for who is about to go back. */
export function Notices() {
  const { notices } = useView();
  return (
    <div className={styles['notices']} role="status">
      {notices.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeLine({ notice: { id, text, undo } }: { notice: Notice }) {
  const t = useTranslations('done');
  const { forget } = useLive();
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld) return undefined;
    const timer = setTimeout(() => forget(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [forget, id, isHeld]);
  const back = useAction(async () => {
    await undo?.();
    forget(id);
  });
  return (
    <div
      className={styles['notice']}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span dir="auto">{text}</span>
      {undo && (
        <Button disabled={back.isBusy} onClick={() => back.run()}>
          {t('undo')}
        </Button>
      )}
      {back.fault && <span role="alert">{back.fault}</span>}
    </div>
  );
}
