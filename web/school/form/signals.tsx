import { useId } from 'react';
import { useTranslations } from 'use-intl';
import shared from '../../shared/parts.module.css';
import type { Fields } from './fields.tsx';
import { SIGNALS } from './form-model.ts';
import styles from './form.module.css';

/** Which signals the exam room reports: all that fit, or those that are chosen. Others, of an LMS's own client, stay as they are. */
export function Signals({ fields: { form, faults, set } }: { fields: Fields }) {
  const t = useTranslations('school.form.signals');
  const w = useTranslations('warning');
  const id = useId();
  const fault = faults.get('signals');
  const toggle = (name: string, isOn: boolean) =>
    set({ signals: isOn ? [...form.signals, name] : form.signals.filter((one) => one !== name) });
  return (
    <fieldset className={styles['choice']} aria-describedby={`${id}-hint`}>
      <legend>{t('label')}</legend>
      <p id={`${id}-hint`} className={shared['hint']}>
        {fault && <span className={shared['missing']}>{fault} </span>}
        {t('hint')}
      </p>
      {([true, false] as const).map((all) => (
        <label key={String(all)} className={styles['option']}>
          <input type="radio" name={id} checked={form.allSignals === all} onChange={() => set({ allSignals: all })} />
          <span>{t(all ? 'all' : 'some')}</span>
        </label>
      ))}
      {!form.allSignals && (
        <div className={styles['signals']} role="group" aria-label={t('some')}>
          {SIGNALS.map((name) => (
            <label key={name} className={styles['option']}>
              <input type="checkbox" checked={form.signals.includes(name)} onChange={({ target }) => toggle(name, target.checked)} />
              <span>{w(name)}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
