import { type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './dialog.module.css';

/** Stands above everything else while it has content; Escape closes it. @param children gets the id that its title must have */
export function Dialog({ isOpen, onClose, children }: { isOpen: boolean; onClose(): void; children(titleId: string): ReactNode }) {
  const title = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} className={styles['dialog']} aria-labelledby={title} onClose={onClose}>
      {isOpen && children(title)}
    </dialog>
  );
}
