import { useEffect } from 'react';
import { useTranslations } from 'use-intl';
import { Dialog } from '../shared/dialog.tsx';
import { Button, Failure, Row, Stack } from '../shared/parts.tsx';
import { useStore } from '../shared/store.ts';
import { useAction } from '../shared/use-action.ts';
import styles from './parts.module.css';
import { useSchool } from './use-school.ts';

/** A deed that is asked for again before it is done. */
export interface Deed {
  title: string;
  text: string;
  confirm: string;
  isDanger?: boolean;
  work(): Promise<void>;
}

/** Asks whether it is meant. Escape closes it, and nothing was done. */
export function DeedDialog({ deed, onClose }: { deed: Deed | null; onClose(): void }) {
  return (
    <Dialog isOpen={deed !== null} onClose={onClose}>
      {(titleId) => deed && <DeedForm deed={deed} titleId={titleId} onClose={onClose} />}
    </Dialog>
  );
}

function DeedForm({ deed, titleId, onClose }: { deed: Deed; titleId: string; onClose(): void }) {
  const t = useTranslations('school');
  const work = useAction(async () => {
    await deed.work();
    onClose();
  });
  return (
    <form
      method="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        work.run();
      }}
    >
      <Stack>
        <h2 id={titleId}>{deed.title}</h2>
        <p>{deed.text}</p>
        <Failure>{work.fault}</Failure>
        <Row>
          <Button type="submit" look={deed.isDanger ? 'danger' : 'primary'} disabled={work.isBusy}>
            {deed.confirm}
          </Button>
          <Button onClick={onClose}>{t('back')}</Button>
        </Row>
      </Stack>
    </form>
  );
}

const SHOWN_MS = 6_000;

/** What was just done. */
export function Notice() {
  const school = useSchool();
  const { notice } = useStore(school.state);
  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(school.hush, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice, school]);
  return (
    <div role="status" className={styles['notices']}>
      {notice && (
        <p key={notice.at} className={styles['notice']} dir="auto">
          {notice.text}
        </p>
      )}
    </div>
  );
}
