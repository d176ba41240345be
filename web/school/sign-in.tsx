import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Field, Row, Stack, Title } from '../shared/parts.tsx';
import type { Why } from './session/school.ts';
import { useSchool } from './use-school.ts';

/** A key opens the exams of its school. It is kept as long as the tab lives. */
export function SignIn({ why }: { why: Why | null }) {
  const t = useTranslations('school.sign');
  const school = useSchool();
  const [key, setKey] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    await school.signIn(key.trim());
    setBusy(false);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() && !isBusy) void submit();
      }}
    >
      <Stack>
        <Title>{t('title')}</Title>
        <p>{t('text')}</p>
        {why && (
          <div role="alert">
            <Callout tone={why === 'left' ? 'good' : 'bad'}>{t(`why.${why}`)}</Callout>
          </div>
        )}
        <Field
          label={t('key')}
          hint={t('hint')}
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          maxLength={4_096}
          required
          value={key}
          onChange={({ target }) => setKey(target.value)}
        />
        <Row>
          <Button type="submit" look="primary" disabled={isBusy}>
            {t('in')}
          </Button>
          {why === 'network' && <Button onClick={() => void school.load()}>{t('again')}</Button>}
        </Row>
      </Stack>
    </form>
  );
}
