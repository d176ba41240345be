import { useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import type { TypedDocumentString } from '../../generated/graphql.ts';
import { Button, Row, Title } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { ExamStatus, peopleIn, useWhen } from '../exams/exam-line.tsx';
import { RemoveSample } from '../exams/sample.tsx';
import parts from '../parts.module.css';
import { type Deed, DeedDialog } from '../parts.tsx';
import * as change from '../session/mutations.ts';
import type { ExamFacts } from '../session/school.ts';
import { useMayChange, useSchool } from '../use-school.ts';
import styles from './exam.module.css';

const DEEDS: Readonly<Record<'start' | 'end' | 'cancel', TypedDocumentString<unknown, { examId: string }>>> = {
  start: change.SchoolStartExam,
  end: change.SchoolEndExam,
  cancel: change.SchoolCancelExam,
};
type DeedName = keyof typeof DEEDS;
const POSSIBLE: Readonly<Record<ExamFacts['status'], readonly DeedName[]>> = {
  CREATED: ['start', 'cancel'],
  IN_PROGRESS: ['end', 'cancel'],
  COMPLETED: [],
  CANCELLED: [],
};

export function ExamHead({ exam, onChanged }: { exam: ExamFacts; onChanged(): Promise<void> }) {
  const t = useTranslations('school');
  const school = useSchool();
  const mayChange = useMayChange();
  const [deed, setDeed] = useState<Deed | null>(null);
  const deedOf = (name: DeedName): Deed => ({
    title: t(`deed.${name}.title`),
    text: t(`deed.${name}.text`),
    confirm: t(`deed.${name}.confirm`),
    isDanger: name !== 'start',
    async work() {
      await school.graphql(DEEDS[name], { examId: exam.id });
      await onChanged();
      school.tell(t(`deed.${name}.done`));
    },
  });
  return (
    <header className={styles['head']}>
      <div className={styles['titles']}>
        <Title>
          <bdi>{exam.title}</bdi>
        </Title>
        <div className={styles['facts']}>
          <ExamStatus exam={exam} />
          <Facts exam={exam} />
        </div>
      </div>
      <Row>
        <a className={styles['console']} href={`../admin/exam/${exam.id}`}>
          {t('exams.open')}
        </a>
        {mayChange &&
          POSSIBLE[exam.status].map((name) => (
            <Button
              key={name}
              className={parts['small']}
              look={name === 'start' ? 'plain' : 'danger'}
              onClick={() => setDeed(deedOf(name))}
            >
              {t(`deed.${name}.do`)}
            </Button>
          ))}
        {mayChange && exam.isSample && <RemoveSample examId={exam.id} onRemoved={() => goTo({}, { replace: true })} />}
      </Row>
      <DeedDialog deed={deed} onClose={() => setDeed(null)} />
    </header>
  );
}

function Facts({ exam }: { exam: ExamFacts }) {
  const t = useTranslations('school');
  const when = useWhen();
  const format = useFormatter();
  const closes = exam.closesAt && format.dateTime(new Date(exam.closesAt), { dateStyle: 'medium', timeStyle: 'short' });
  const facts = [
    when(exam),
    t('exams.minutes', { n: exam.duration }),
    ...(closes ? [t('when.closes', { time: closes })] : []),
    t('exams.people', { n: peopleIn(exam) }),
    t('exams.unreviewed', { n: exam.counts.warnings.unreviewed }),
  ];
  return <span>{facts.join(' · ')}</span>;
}
