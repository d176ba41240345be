import { useId } from 'react';
import { useTranslations } from 'use-intl';
import shared from '../../shared/parts.module.css';
import { Field } from '../../shared/parts.tsx';
import type { Form } from './form-model.ts';
import styles from './form.module.css';

/** What the fields of a form have in common. */
export interface Fields {
  form: Form;
  faults: ReadonlyMap<keyof Form | '', string>;
  set(change: Partial<Form>): void;
}

type NamesOf<Value> = { [Name in keyof Form]: Form[Name] extends Value ? (Value extends Form[Name] ? Name : never) : never }[keyof Form];
type TextName = Exclude<NamesOf<string>, 'messagePresets'>;
type FlagName = NamesOf<boolean>;
const CHOICES = {
  contentMode: ['EMBEDDED', 'WINDOW'],
  admission: ['AUTOMATIC', 'PROCTOR'],
  sensitivity: ['LOW', 'MEDIUM', 'HIGH'],
  candidateView: ['NEVER', 'AFTER_END', 'LIVE'],
} as const;

interface TextProps {
  name: TextName;
  fields: Fields;
  type?: 'text' | 'number' | 'datetime-local' | 'url';
  min?: number;
  max?: number;
  maxLength?: number;
  required?: boolean;
  autoFocus?: boolean;
  values?: Record<string, string>;
}

export function TextSetting({ name, fields: { form, faults, set }, values, ...input }: TextProps) {
  const t = useTranslations('school.form');
  return (
    <Field
      {...input}
      label={t(`${name}.label`)}
      hint={t(`${name}.hint`, values)}
      fault={faults.get(name) ?? null}
      dir={name === 'title' ? 'auto' : undefined}
      value={form[name]}
      onChange={({ target }) => set({ [name]: target.value })}
    />
  );
}

/** A setting that is on or off. */
export function FlagSetting({ name, fields: { form, faults, set } }: { name: Exclude<FlagName, 'allSignals'>; fields: Fields }) {
  const t = useTranslations('school.form');
  const id = useId();
  const fault = faults.get(name);
  return (
    <div className={styles['flag']}>
      <input
        id={id}
        type="checkbox"
        checked={form[name]}
        aria-describedby={`${id}-hint`}
        onChange={({ target }) => set({ [name]: target.checked })}
      />
      <div>
        <label htmlFor={id}>{t(`${name}.label`)}</label>
        <p id={`${id}-hint`} className={shared['hint']}>
          {fault && <span className={shared['missing']}>{fault} </span>}
          {t(`${name}.hint`)}
        </p>
      </div>
    </div>
  );
}

/** One of few. */
export function ChoiceSetting({ name, fields: { form, faults, set } }: { name: keyof typeof CHOICES; fields: Fields }) {
  const t = useTranslations('school.form');
  const id = useId();
  const fault = faults.get(name);
  return (
    <fieldset className={styles['choice']} aria-describedby={`${id}-hint`}>
      <legend>{t(`${name}.label`)}</legend>
      <p id={`${id}-hint`} className={shared['hint']}>
        {fault && <span className={shared['missing']}>{fault} </span>}
        {t(`${name}.hint`)}
      </p>
      {CHOICES[name].map((value) => (
        <label key={value} className={styles['option']}>
          <input type="radio" name={id} checked={form[name] === value} onChange={() => set({ [name]: value })} />
          <span>{t(`${name}.${value}` as never)}</span>
        </label>
      ))}
    </fieldset>
  );
}
