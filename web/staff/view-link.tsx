import type { MouseEvent, ReactNode } from 'react';
import { addressOf, goTo } from '../shared/route.ts';

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
