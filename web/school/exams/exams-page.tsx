import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import type { SchoolExamsQuery } from '../../generated/graphql.ts';
import { Button, Failure, Quiet, Row, Stack, Title } from '../../shared/parts.tsx';
import { goTo, useRoute } from '../../shared/route.ts';
import { useAction } from '../../shared/use-action.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import * as ask from '../session/operations.ts';
import type { ExamRow } from '../session/school.ts';
import { useMayChange, useReading, useSchool } from '../use-school.ts';
import { Empty } from './empty.tsx';
import { ExamLine } from './exam-line.tsx';
import styles from './exams.module.css';
import { SampleButton } from './sample.tsx';

const PAGE = 50;
const SEARCH_MS = 250;
const AGAIN_MS = 20_000;
const STATUSES = ['CREATED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'] as const;
type Status = (typeof STATUSES)[number];

const viewOf = (search: string, status: string): Record<string, string> => ({ ...(search && { search }), ...(status && { status }) });

/** All exams, newest first. What is looked for stands in the address, so that the way back from an exam leads to it. */
export function ExamsPage() {
  const t = useTranslations('school.exams');
  const school = useSchool();
  const mayChange = useMayChange();
  const route = useRoute();
  const search = route.get('search') ?? '';
  const given = route.get('status') ?? '';
  const status = STATUSES.find((one) => one === given) ?? null;
  /** How many are shown; the pages before the last are read again with it. */
  const [shown, setShown] = useState(PAGE);

  const read = useCallback(async () => {
    const exams: ExamRow[] = [];
    let after: string | null = null;
    for (;;) {
      const answer: SchoolExamsQuery = await school.graphql(ask.SchoolExams, { first: PAGE, after, search: search || null, status });
      const { edges, pageInfo } = answer.exams;
      exams.push(...edges.map(({ node }) => node));
      after = pageInfo.endCursor;
      if (!pageInfo.hasNextPage || exams.length >= shown) return { exams, hasMore: pageInfo.hasNextPage };
    }
  }, [school, search, status, shown]);
  const { value, fault, again } = useReading(read, AGAIN_MS);
  const more = useAction(async () => setShown((value?.exams.length ?? 0) + PAGE));
  const isFiltered = search !== '' || status !== null;
  if (value && value.exams.length === 0 && !isFiltered) return <Empty />;
  const hasSample = value?.exams.some(({ isSample }) => isSample) ?? true;
  return (
    <Stack>
      <div className={styles['top']}>
        <Title>{t('title')}</Title>
        {mayChange && (
          <Row>
            {!hasSample && !isFiltered && !value?.hasMore && <SampleButton />}
            <ViewLink view={{ new: '' }} className={styles['new']}>
              {t('new')}
            </ViewLink>
          </Row>
        )}
      </div>
      <Tools search={search} status={status} />
      <Failure>{fault}</Failure>
      {!value && !fault && <Quiet>{t('loading')}</Quiet>}
      {value && value.exams.length === 0 && (
        <Row>
          <Quiet>{t('none')}</Quiet>
          <Button onClick={() => goTo({}, { replace: true })}>{t('all')}</Button>
        </Row>
      )}
      {value && value.exams.length > 0 && (
        <ul className={styles['list']} aria-label={t('title')}>
          {value.exams.map((exam) => (
            <ExamLine key={exam.id} exam={exam} onRemoved={() => void again()} />
          ))}
        </ul>
      )}
      {value?.hasMore && (
        <Row>
          <Button onClick={() => more.run()}>{t('more')}</Button>
        </Row>
      )}
    </Stack>
  );
}

function Tools({ search, status }: { search: string; status: Status | null }) {
  const t = useTranslations('school.exams');
  const s = useTranslations('head.status');
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Back and forward change what stands in the field; what is being typed stays.
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = search;
  }, [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = (change: { status?: string } = {}) => {
    clearTimeout(timer.current);
    goTo(viewOf(input.current?.value.trim() ?? '', change.status ?? status ?? ''), { replace: true });
  };
  const lookSoon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(look, SEARCH_MS);
  };
  return (
    <div className={styles['tools']} role="search" aria-label={t('filter')}>
      <span className={styles['tool']}>
        <label htmlFor={`${id}-text`}>{t('search')}</label>
        <input
          id={`${id}-text`}
          className={styles['search']}
          type="search"
          maxLength={200}
          dir="auto"
          ref={input}
          defaultValue={search}
          onChange={lookSoon}
        />
      </span>
      <span className={styles['tool']}>
        <label htmlFor={`${id}-status`}>{t('status')}</label>
        <select id={`${id}-status`} value={status ?? ''} onChange={({ target }) => look({ status: target.value })}>
          <option value="">{t('any')}</option>
          {STATUSES.map((one) => (
            <option key={one} value={one}>
              {s(one)}
            </option>
          ))}
        </select>
      </span>
    </div>
  );
}
