import { useEffect, useMemo, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Quiet, Row, Stack, Title } from '../../shared/parts.tsx';
import { goTo, useRoute } from '../../shared/route.ts';
import { useStore } from '../../shared/store.ts';
import { useFault } from '../../shared/use-action.ts';
import { Page } from '../../staff/page.tsx';
import { ViewLink } from '../../staff/view-link.tsx';
import { nameOf } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import { Report } from './report.tsx';
import { createReview, type ReviewSession } from './session.ts';
import { ChoiceProvider, SessionProvider } from './use-review.ts';
import { Workplace } from './workplace.tsx';

/** The review of one candidate: everything that is known, and what somebody decides about it. */
export function Review({ userId }: { userId: string }) {
  const console = useConsole();
  const [session] = useState(() => createReview(console, userId));
  useEffect(() => session.start(), [session]);
  return (
    <SessionProvider value={session}>
      <Shown session={session} />
    </SessionProvider>
  );
}

function Shown({ session }: { session: ReviewSession }) {
  const t = useTranslations('review');
  const { phase, person, fault } = useStore(session.state);
  const route = useRoute();
  const isReport = route.has('print');
  const at = route.get('at');
  const [chosen, setChosen] = useState<string | null>(null);
  const choice = useMemo(
    () => ({
      chosen,
      choose(id: string | null) {
        setChosen(id);
        const moment = session.state.get().moments.find(({ key }) => key === id);
        if (moment) session.player.seek(moment.from);
      },
    }),
    [chosen, session],
  );
  const isOpen = person !== null;
  useEffect(() => {
    if (!isOpen || at === null) return;
    // From the live view, by the time of a warning.
    const warning = session.state.get().person?.warnings.find(({ timestamp }) => timestamp === at);
    if (warning) choice.choose(warning.id);
    else if (!Number.isNaN(Date.parse(at))) session.player.seek(Date.parse(at));
    goTo({ person: session.userId }, { replace: true });
  }, [isOpen, at, choice, session]);
  const title = person && t('title', { person: nameOf(person) });
  useEffect(() => {
    if (title) document.title = title;
  }, [title]);
  if (person)
    return isReport ? (
      <Report />
    ) : (
      <ChoiceProvider value={choice}>
        <Workplace />
      </ChoiceProvider>
    );
  return (
    <Page>
      {phase === 'loading' && <Quiet>{t('loading')}</Quiet>}
      {phase === 'missing' && (
        <Stack>
          <Title>{t('missing.title')}</Title>
          <p>{t('missing.text')}</p>
          <p>
            <ViewLink view={{}}>{t('back')}</ViewLink>
          </p>
        </Stack>
      )}
      {phase === 'fault' && <Fault fault={fault} onAgain={() => void session.read()} />}
    </Page>
  );
}

function Fault({ fault, onAgain }: { fault: unknown; onAgain(): void }) {
  const t = useTranslations('review');
  const p = useTranslations('problem');
  const inWords = useFault();
  return (
    <Stack>
      <Title>{t('faultTitle')}</Title>
      <p>{inWords(fault)}</p>
      <Row>
        <Button look="primary" onClick={onAgain}>
          {p('again')}
        </Button>
        <ViewLink view={{}}>{t('back')}</ViewLink>
      </Row>
    </Stack>
  );
}
