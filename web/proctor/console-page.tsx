import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Failure, Field, Quiet, Row, Stack, Title } from '../shared/parts.tsx';
import { useRoute } from '../shared/route.ts';
import { useStore } from '../shared/store.ts';
import { useAction } from '../shared/use-action.ts';
import { Page } from '../staff/page.tsx';
import { LivePage } from './live/live-page.tsx';
import { ExamReport } from './report/exam-report.tsx';
import { Review } from './review/review.tsx';
import { useConsole, useConsoleState } from './use-console.ts';

/** `?person=` is the review of one candidate, `?report` the results of the exam; without either it is watched live. */
export function ConsolePage() {
  const t = useTranslations();
  const console = useConsole();
  const { phase } = useConsoleState();
  const { facts } = useStore(console.store.exam);
  const route = useRoute();
  const person = route.get('person');
  const title = facts?.title;
  useEffect(() => {
    document.title = title ? t('page.title', { exam: title }) : 'Invigil';
  }, [title, t]);
  if (phase.kind === 'open' && facts) {
    if (person !== null) return <Review key={person} userId={person} />;
    return route.has('report') ? <ExamReport /> : <LivePage />;
  }
  return (
    <Page>
      {phase.kind === 'name' && <Name />}
      {phase.kind === 'problem' && <ProblemView problem={phase.problem} />}
      {phase.kind === 'loading' && <Quiet>{t('page.loading')}</Quiet>}
    </Page>
  );
}

function ProblemView({ problem }: { problem: 'no-link' | 'bad-link' | 'not-staff' | 'gone' | 'revoked' | 'network' }) {
  const t = useTranslations('problem');
  const console = useConsole();
  return (
    <Stack>
      <Title>{t(`${problem}.title`)}</Title>
      <p>{t(`${problem}.text`)}</p>
      <Row>
        <Button look="primary" onClick={() => void console.load()}>
          {t('again')}
        </Button>
        <a href="../../console/">{t('console')}</a>
      </Row>
    </Stack>
  );
}

/** The bearer of a shared link says who it is, once: everything that is done with it bears the name. */
function Name() {
  const t = useTranslations('name');
  const console = useConsole();
  const [name, setName] = useState('');
  const enter = useAction(console.enter);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) enter.run(name.trim());
      }}
    >
      <Stack>
        <Title>{t('title')}</Title>
        <p>{t('text')}</p>
        <Field
          label={t('label')}
          autoComplete="name"
          maxLength={100}
          required
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <Failure>{enter.fault}</Failure>
        <Row>
          <Button type="submit" look="primary" disabled={enter.isBusy || !name.trim()}>
            {t('enter')}
          </Button>
        </Row>
      </Stack>
    </form>
  );
}
