import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Row, Stack } from '../shared/parts.tsx';
import { addressOf, goTo } from '../shared/route.ts';
import { useStore } from '../shared/store.ts';
import { useAction } from '../shared/use-action.ts';
import styles from './parts.module.css';
import { useSchool } from './use-school.ts';

interface LinkProps {
  view: Record<string, string>;
  className?: string | undefined;
  isCurrent?: boolean;
  children: ReactNode;
}

/** A link to another view of this page, which does not load it again. */
export function ViewLink({ view, className, isCurrent = false, children }: LinkProps) {
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(view);
  };
  return (
    <a href={addressOf(view)} className={className} aria-current={isCurrent ? 'page' : undefined} onClick={open}>
      {children}
    </a>
  );
}

/** An error, told at once. */
export const Fault = ({ children }: { children: ReactNode }) => (
  <div role="alert">
    <Callout tone="bad">{children}</Callout>
  </div>
);

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
  const title = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (deed && !dialog.current?.open) dialog.current?.showModal();
    if (!deed) dialog.current?.close();
  }, [deed]);
  return (
    <dialog ref={dialog} className={styles['dialog']} aria-labelledby={title} onClose={onClose}>
      {deed && <DeedForm deed={deed} titleId={title} onClose={onClose} />}
    </dialog>
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
        {work.fault && <Fault>{work.fault}</Fault>}
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
