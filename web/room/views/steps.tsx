import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { type Step, stepsOf } from '../session/room-state.ts';
import { useExam } from '../use-room.ts';

/** How far the check-in is. */
export function Steps({ step }: { step: Step }) {
  const t = useTranslations('page');
  const steps = stepsOf(useExam());
  return <Quiet>{t('step', { n: steps.indexOf(step) + 1, of: steps.length })}</Quiet>;
}
