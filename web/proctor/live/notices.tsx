import { useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import styles from './header.module.css';
import { type Notice, useLive, useView } from './view.ts';

/** What was done, for ten seconds, with the way back. */
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
  const live = useLive();
  const back = useAction(async () => {
    await undo?.();
    live.forget(id);
  });
  return (
    <div className={styles['notice']}>
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
