import { useDeferredValue, useId, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Failure, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { saveFile } from '../../staff/save.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import { fileNameOf } from '../csv.ts';
import { Grid } from '../grid.tsx';
import parts from '../parts.module.css';
import type { ExamFacts, Person } from '../session/school.ts';
import { useMayChange, useSchool } from '../use-school.ts';
import styles from './exam.module.css';
import { usePeople } from './use-people.ts';

export const fits = ({ userId, name, group }: Pick<Person, 'userId' | 'name' | 'group'>, search: string): boolean =>
  [userId, name, group].some((text) => text?.toLocaleLowerCase().includes(search.trim().toLocaleLowerCase()));

/** Everybody in the exam, how they stand, and their reports. */
export function Results({ exam }: { exam: ExamFacts }) {
  const t = useTranslations('school.results');
  const school = useSchool();
  const mayChange = useMayChange();
  const { people, isAll, fault, again } = usePeople(exam.id);
  const [search, setSearch] = useState('');
  const looked = useDeferredValue(search);
  const id = useId();
  const csv = useAction(async () => {
    saveFile(fileNameOf(exam.title, t('file'), 'csv'), await school.file(`/exams/${exam.id}/report.csv`));
    school.tell(t('saved'));
  });
  const found = looked.trim() === '' ? people : people.filter((person) => fits(person, looked));
  if (isAll && people.length === 0)
    return (
      <Stack>
        <Quiet>{t('nobody')}</Quiet>
        {mayChange && (
          <p>
            <ViewLink view={{ exam: exam.id, tab: 'invite' }}>{t('invite')}</ViewLink>
          </p>
        )}
      </Stack>
    );
  return (
    <Stack>
      <div className={parts['spread']}>
        <div className={styles['tools']} role="search">
          <label htmlFor={id}>{t('search')}</label>
          <input id={id} type="search" dir="auto" value={search} onChange={({ target }) => setSearch(target.value)} />
          <Quiet>{isAll ? t('shown', { shown: found.length, total: people.length }) : t('loading', { n: people.length })}</Quiet>
        </div>
        <Row>
          <Button className={parts['small']} onClick={() => void again()}>
            {t('again')}
          </Button>
          <Button className={parts['small']} disabled={csv.isBusy} onClick={() => csv.run()}>
            {t('csv')}
          </Button>
        </Row>
      </div>
      <Failure>{fault ?? csv.fault}</Failure>
      <PeopleGrid exam={exam} people={found} />
    </Stack>
  );
}

function PeopleGrid({ exam, people }: { exam: ExamFacts; people: readonly Person[] }) {
  const t = useTranslations('school.results');
  const s = useTranslations('status');
  const v = useTranslations('verdict');
  const school = useSchool();
  const pdf = useAction(async (userId: string) => {
    const path = `/exams/${exam.id}/participants/${encodeURIComponent(userId)}/report.pdf`;
    saveFile(fileNameOf(userId, t('file'), 'pdf'), await school.file(path));
    school.tell(t('saved'));
  });
  return (
    <>
      <Failure>{pdf.fault}</Failure>
      <Grid
        label={t('title')}
        heads={[t('person'), t('group'), t('state'), t('warnings'), t('review'), '']}
        columns="minmax(0, 2fr) minmax(0, 1fr) 8rem 12.5rem minmax(0, 1.2fr) 4rem"
        narrow="minmax(0, 1fr) minmax(0, 1fr) auto"
        items={people}
        keyOf={({ userId }) => userId}
        renderCells={(person) => [
          <Somebody key="who" person={person} href={`../admin/exam/${exam.id}?person=${encodeURIComponent(person.userId)}`} />,
          <bdi key="group">{person.group}</bdi>,
          s(person.status),
          t('count', { n: person.warningCount, open: person.warningCounts.unreviewed }),
          v(person.review),
          <Button
            key="pdf"
            disabled={pdf.isBusy}
            aria-label={t('pdfOf', { name: person.name ?? person.userId })}
            onClick={() => pdf.run(person.userId)}
          >
            PDF
          </Button>,
        ]}
      />
    </>
  );
}

/** A name with the id behind it; a link to their review where there is one. */
export function Somebody({ person, href }: { person: { userId: string; name?: string | null }; href?: string }) {
  const name = <bdi>{person.name || person.userId}</bdi>;
  return (
    <>
      {href ? <a href={href}>{name}</a> : <strong>{name}</strong>}
      {person.name && (
        <>
          {' '}
          <bdi className={parts['sub']}>{person.userId}</bdi>
        </>
      )}
    </>
  );
}
