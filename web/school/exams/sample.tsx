import { useTranslations } from 'use-intl';
import { Button, Failure } from '../../shared/parts.tsx';
import { goTo } from '../../shared/route.ts';
import { useAction } from '../../shared/use-action.ts';
import * as change from '../session/mutations.ts';
import { useSchool } from '../use-school.ts';
import styles from './exams.module.css';

/** The server makes films for it. Meanwhile the list shows it already, without this button and what it would say. */
const MAKE_MS = 180_000;

/** Makes an exam that plays itself, and opens it. */
export function SampleButton({ look = 'plain' }: { look?: 'plain' | 'primary' }) {
  const t = useTranslations('school.sample');
  const school = useSchool();
  const make = useAction(async () => {
    const { createSampleExam } = await school.graphql(change.SchoolMakeSample, {}, { timeoutMs: MAKE_MS });
    school.tell(t('made'));
    goTo({ exam: createSampleExam.id });
  });
  return (
    <>
      <Button className={styles['small']} look={look} disabled={make.isBusy} onClick={() => make.run()}>
        {make.isBusy ? t('making') : t('make')}
      </Button>
      <Failure>{make.fault}</Failure>
    </>
  );
}

/** Nobody in it is real: it goes with one click. */
export function RemoveSample({ examId, onRemoved }: { examId: string; onRemoved(): void }) {
  const t = useTranslations('school.sample');
  const school = useSchool();
  const remove = useAction(async () => {
    await school.graphql(change.SchoolRemoveSample, { examId });
    school.tell(t('removed'));
    onRemoved();
  });
  return (
    <>
      <Button className={styles['small']} disabled={remove.isBusy} onClick={() => remove.run()}>
        {t('remove')}
      </Button>
      <Failure>{remove.fault}</Failure>
    </>
  );
}
