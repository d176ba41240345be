import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Failure, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { saveFile } from '../../staff/save.ts';
import { ViewLink } from '../../staff/view-link.tsx';
import { csvOf, fileNameOf } from '../csv.ts';
import { Somebody } from '../exam/results.tsx';
import { usePeople } from '../exam/use-people.ts';
import { Grid } from '../grid.tsx';
import parts from '../parts.module.css';
import type { ExamFacts, Person } from '../session/school.ts';
import { useSchool } from '../use-school.ts';
import styles from './links.module.css';
import { OneLink } from './one-link.tsx';
import { ProctorLinks } from './proctor-links.tsx';
import { useCopy } from './use-copy.ts';

/** Every address that somebody needs: candidates', and proctors'. */
export function Links({ exam }: { exam: ExamFacts }) {
  const t = useTranslations('school.links');
  const [candidates, proctors] = [useId(), useId()];
  return (
    <div className={styles['links']}>
      <section aria-labelledby={candidates}>
        <Stack>
          <h2 id={candidates}>{t('candidates')}</h2>
          {exam.settings.sharedLink ? (
            <OneLink label={t('shared.label')} text={t('shared.text')} url={exam.accessUrl} />
          ) : (
            <Quiet>{t('shared.off')}</Quiet>
          )}
          <Personal exam={exam} />
        </Stack>
      </section>
      <section aria-labelledby={proctors}>
        <Stack>
          <h2 id={proctors}>{t('proctors')}</h2>
          {exam.adminUrl && <OneLink label={t('admin.label')} text={t('admin.text')} url={exam.adminUrl} />}
          <ProctorLinks examId={exam.id} />
        </Stack>
      </section>
    </div>
  );
}

const hasLink = (person: Person): person is Person & { accessUrl: string } => person.accessUrl !== null;

function Personal({ exam }: { exam: ExamFacts }) {
  const t = useTranslations('school.links.personal');
  const school = useSchool();
  const copy = useCopy();
  const { people, isAll, fault } = usePeople(exam.id);
  const linked = people.filter(hasLink);
  const save = useAction(async () => {
    const rows = linked.map(({ userId, name, group, accessUrl }) => [userId, name ?? '', group ?? '', accessUrl]);
    saveFile(fileNameOf(exam.title, t('file'), 'csv'), csvOf([['userId', 'name', 'group', 'link'], ...rows]));
    school.tell(t('saved', { n: rows.length }));
  });
  if (isAll && linked.length === 0)
    return (
      <Quiet>
        {t('nobody')} <ViewLink view={{ exam: exam.id, tab: 'invite' }}>{t('invite')}</ViewLink>
      </Quiet>
    );
  return (
    <Stack>
      <div className={parts['spread']}>
        <div>
          <h3>{t('title', { n: linked.length })}</h3>
          <p className={parts['sub']}>{t('text')}</p>
        </div>
        <Row>
          <Button
            className={parts['small']}
            disabled={!isAll}
            onClick={() =>
              copy.run(
                linked.map(({ userId, name, accessUrl }) => `${name ?? userId}\t${accessUrl}`).join('\n'),
                t('copiedAll', { n: linked.length }),
              )
            }
          >
            {t('copyAll')}
          </Button>
          <Button className={parts['small']} disabled={!isAll} onClick={() => save.run()}>
            {t('csv')}
          </Button>
        </Row>
      </div>
      <Failure>{fault ?? copy.fault}</Failure>
      <Grid
        label={t('label')}
        heads={[t('person'), t('group'), t('link'), '']}
        columns="minmax(0, 1.5fr) minmax(0, 1fr) minmax(0, 2fr) 6rem"
        narrow="minmax(0, 1fr) minmax(0, 1fr) auto"
        items={linked}
        keyOf={({ userId }) => userId}
        renderCells={(person) => [
          <Somebody key="who" person={person} />,
          <bdi key="group">{person.group}</bdi>,
          <span key="link" className={parts['sub']}>
            {person.accessUrl}
          </span>,
          <Button
            key="copy"
            aria-label={t('copyOf', { name: person.name ?? person.userId })}
            onClick={() => copy.run(person.accessUrl, t('copied', { name: person.name ?? person.userId }))}
          >
            {t('copy')}
          </Button>,
        ]}
      />
    </Stack>
  );
}
