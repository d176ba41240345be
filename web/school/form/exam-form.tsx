import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { ApiError } from '../../shared/api.ts';
import shared from '../../shared/parts.module.css';
import { Button, Failure, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { ChoiceSetting, type Fields, FlagSetting, TextSetting } from './fields.tsx';
import { faultsByField, type Form } from './form-model.ts';
import styles from './form.module.css';
import { Signals } from './signals.tsx';

interface Props {
  first: Form;
  /** Words of the button. */
  send: string;
  /** What else must be known before it is sent. */
  note?: ReactNode;
  /** Beside the button. */
  cancel?: ReactNode;
  /** @throws ApiError, whose details name fields */
  onSend(form: Form): Promise<void>;
}

const NONE: Fields['faults'] = new Map();

/** Everything that an exam has, explained. What the server refuses is told at its field, and the first of them gets the focus. */
export function ExamForm({ first, send, note, cancel, onSend }: Props) {
  const t = useTranslations('school.form');
  const [form, setForm] = useState(first);
  const [faults, setFaults] = useState(NONE);
  const element = useRef<HTMLFormElement>(null);
  const work = useAction(async () => {
    setFaults(NONE);
    try {
      await onSend(form);
    } catch (error) {
      const found = error instanceof ApiError ? faultsByField(error.details) : NONE;
      setFaults(found);
      if (found.size === 0) throw error;
    }
  });
  useEffect(() => {
    if (faults.size > 0) element.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [faults]);
  const fields: Fields = { form, faults, set: (change) => setForm((before) => ({ ...before, ...change })) };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <form
      ref={element}
      className={styles['form']}
      onSubmit={(event) => {
        event.preventDefault();
        work.run();
      }}
    >
      <Group name="when">
        <TextSetting name="title" fields={fields} maxLength={200} required />
        <TextSetting name="duration" fields={fields} type="number" min={1} max={1_440} required />
        <div className={styles['pair']}>
          <TextSetting name="opensAt" fields={fields} type="datetime-local" values={{ zone }} />
          <TextSetting name="closesAt" fields={fields} type="datetime-local" values={{ zone }} />
        </div>
        <TextSetting name="contentUrl" fields={fields} type="url" maxLength={2_000} />
        {form.contentUrl.trim() !== '' && <ChoiceSetting name="contentMode" fields={fields} />}
      </Group>
      <Group name="record">
        <FlagSetting name="webcam" fields={fields} />
        <FlagSetting name="audioRecording" fields={fields} />
        <FlagSetting name="screenRecording" fields={fields} />
        <TextSetting name="snapshotSeconds" fields={fields} type="number" min={1} max={600} />
      </Group>
      <Group name="entry">
        <FlagSetting name="sharedLink" fields={fields} />
        <FlagSetting name="identityPhoto" fields={fields} />
        <FlagSetting name="allowWithoutCamera" fields={fields} />
        <ChoiceSetting name="admission" fields={fields} />
      </Group>
      <Group name="detect">
        <FlagSetting name="aiEnabled" fields={fields} />
        {form.aiEnabled && <ChoiceSetting name="sensitivity" fields={fields} />}
      </Group>
      <Group name="report">
        <FlagSetting name="browserLock" fields={fields} />
        <Signals fields={fields} />
      </Group>
      <Group name="candidate">
        <ChoiceSetting name="candidateView" fields={fields} />
        <TextSetting name="creditDisconnectedMinutes" fields={fields} type="number" min={0} max={1_440} />
      </Group>
      <Group name="messages">
        <Presets fields={fields} />
      </Group>
      <div className={styles['end']}>
        <Stack>
          {note}
          {faults.size > 0 && <Failure>{faults.get('') ?? t('faults', { n: faults.size })}</Failure>}
          <Failure>{work.fault}</Failure>
          <Row>
            <Button type="submit" look="primary" disabled={work.isBusy}>
              {send}
            </Button>
            {cancel}
          </Row>
        </Stack>
      </div>
    </form>
  );
}

type GroupName = 'when' | 'record' | 'entry' | 'detect' | 'report' | 'candidate' | 'messages';

function Group({ name, children }: { name: GroupName; children: ReactNode }) {
  const t = useTranslations('school.form.group');
  const id = useId();
  return (
    <section className={styles['group']} aria-labelledby={id}>
      <div>
        <h2 id={id}>{t(`${name}.title`)}</h2>
        <p className={shared['hint']}>{t(`${name}.text`)}</p>
      </div>
      <Stack>{children}</Stack>
    </section>
  );
}

function Presets({ fields: { form, faults, set } }: { fields: Fields }) {
  const t = useTranslations('school.form.messagePresets');
  const id = useId();
  const fault = faults.get('messagePresets');
  return (
    <div className={shared['field']}>
      <label htmlFor={id}>{t('label')}</label>
      <span className={shared['hint']} id={`${id}-hint`}>
        {fault && <span className={shared['missing']}>{fault} </span>}
        {t('hint')}
      </span>
      <textarea
        id={id}
        className={shared['input']}
        dir="auto"
        rows={7}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-hint`}
        value={form.messagePresets}
        onChange={({ target }) => set({ messagePresets: target.value })}
      />
    </div>
  );
}
