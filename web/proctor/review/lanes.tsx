import { type PointerEvent, type ReactNode, type RefObject, useState } from 'react';
import type { Stretch } from './clips.ts';
import { Preview } from './preview.tsx';
import styles from './timeline.module.css';
import { useReview } from './use-review.ts';

export const share = (at: number, { from, to }: Stretch) => (at - from) / (to - from);
export const percent = (fraction: number) => `${fraction * 100}%`;

interface Props {
  ref: RefObject<HTMLDivElement | null>;
  shown: Stretch;
  children: ReactNode;
}

/** A click anywhere goes there, and dragging goes along; a pointer that rests shows what was recorded then. */
export function Lanes({ ref, shown, children }: Props) {
  const { player } = useReview();
  const [hovered, setHovered] = useState<number | null>(null);
  const momentAt = ({ clientX }: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect();
    if (!box) return null;
    const isLeftToRight = getComputedStyle(document.documentElement).direction === 'ltr';
    const fraction = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
    return shown.from + (isLeftToRight ? fraction : 1 - fraction) * (shown.to - shown.from);
  };
  const go = (event: PointerEvent) => {
    const at = momentAt(event);
    if (at !== null) player.seek(at);
  };
  return (
    <div
      ref={ref}
      className={styles['lanes']}
      data-testid="lanes"
      onPointerDown={(event) => {
        if (event.button !== 0 || (event.target as HTMLElement).closest('button')) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) go(event);
        if (event.pointerType === 'mouse') setHovered(momentAt(event));
      }}
      onPointerLeave={() => setHovered(null)}
    >
      {children}
      {hovered !== null && <Preview at={hovered} place={share(hovered, shown)} />}
    </div>
  );
}
