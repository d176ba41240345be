import { useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import styles from './live.module.css';
import { useDeeds } from './use-deeds.ts';
import { useLive, useView } from './view.ts';

/** What can be done for those who are chosen. */
export function BulkBar() {
  const t = useTranslations('deed');
  const p = useTranslations('people');
  const live = useLive();
  const { chosen } = useView();
  const deeds = useDeeds();
  const whom = { userIds: [...chosen] };
  const resume = useAction(() => deeds.resume(whom));
  const ask = (kind: 'message' | 'pause' | 'time' | 'admit') => live.set({ deed: { kind, whom } });
  return (
    <div className={styles['bulk']} role="toolbar" aria-label={p('chosen', { n: chosen.size })}>
      <strong>{p('chosen', { n: chosen.size })}</strong>
      <Button onClick={() => ask('message')}>{t('message.do')}</Button>
      <Button onClick={() => ask('admit')}>{t('admit.do')}</Button>
      <Button onClick={() => ask('pause')}>{t('pause.do')}</Button>
      <Button disabled={resume.isBusy} onClick={() => resume.run()}>
        {t('resume')}
      </Button>
      <Button onClick={() => ask('time')}>{t('time.do')}</Button>
      <Button onClick={() => live.set({ chosen: new Set() })}>{p('chooseNone')}</Button>
      {resume.fault && <span role="alert">{resume.fault}</span>}
    </div>
  );
}
