import { useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Hidden } from '../../shared/parts.tsx';
import { nameOf } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import { useTypeLabel } from './labels.ts';

/** A feed that reads out each line is switched off by who needs it: a summary every ten seconds is heard. */
const EVERY_MS = 10_000;

export function Announcer() {
  const t = useTranslations('announce');
  const label = useTypeLabel();
  const { store } = useConsole();
  const [text, setText] = useState('');
  const heard = useRef<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const { warnings } = store.feed.get();
      const newest = warnings.at(-1)?.seq ?? 0;
      const after = heard.current ?? newest;
      heard.current = newest;
      const fresh = warnings.filter(({ seq, severity }) => seq > after && severity !== 'INFO');
      const worst = fresh.findLast(({ severity }) => severity === 'CRITICAL') ?? fresh.findLast(({ severity }) => severity === 'HIGH');
      if (fresh.length === 0) return setText('');
      const person = worst?.userId == null ? undefined : store.people.get().byId.get(worst.userId);
      setText(
        worst
          ? t('worst', { n: fresh.length, type: label(worst.type), who: person ? nameOf(person) : (worst.userId ?? '') })
          : t('new', { n: fresh.length }),
      );
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [store, t, label]);
  return (
    <div role="status">
      <Hidden>{text}</Hidden>
    </div>
  );
}
