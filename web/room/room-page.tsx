import { useEffect } from 'react';
import { useTranslations } from 'use-intl';
import { Quiet } from '../shared/parts.tsx';
import { LanguageSelect } from '../shared/words.tsx';
import type { Step } from './session/room-state.ts';
import { useRoomState } from './use-room.ts';
import { Announcer } from './views/announcer.tsx';
import { Devices } from './views/devices.tsx';
import { Ended } from './views/ended.tsx';
import { ExamView } from './views/exam.tsx';
import { Fault } from './views/fault.tsx';
import { Photo } from './views/photo.tsx';
import { Practised, ProblemPage } from './views/problem.tsx';
import { Proof } from './views/proof.tsx';
import styles from './views/room.module.css';
import { Waiting } from './views/waiting.tsx';
import { Welcome } from './views/welcome.tsx';

const STEPS: Record<Step, () => React.ReactNode> = { welcome: Welcome, devices: Devices, photo: Photo, proof: Proof };

function View() {
  const t = useTranslations('page');
  const { phase } = useRoomState();
  switch (phase.kind) {
    case 'loading':
      return <Quiet>{t('loading')}</Quiet>;
    case 'problem':
      return <ProblemPage key={phase.problem} problem={phase.problem} message={phase.message} />;
    case 'check-in': {
      const Current = STEPS[phase.step];
      return <Current key={phase.step} />;
    }
    case 'practised':
      return <Practised />;
    case 'waiting':
      return <Waiting />;
    case 'exam':
      return <ExamView />;
    case 'ended':
      break;
  }
  return <Ended />;
}

export function RoomPage() {
  const t = useTranslations('page');
  const { phase, practice, exam } = useRoomState();
  const title = exam?.title;
  useEffect(() => {
    document.title = title ? t('title', { exam: title }) : 'Invigil';
  }, [title, t]);
  return (
    <div className={styles['page']}>
      <div className={styles['top']}>
        <span className={styles['brand']}>Invigil</span>
        {practice && <span className={styles['practice']}>{t('practice')}</span>}
        <LanguageSelect label={t('language')} />
      </div>
      <main className={phase.kind === 'exam' ? undefined : styles['column']}>
        <View />
        {phase.kind !== 'exam' && phase.kind !== 'problem' && <Fault />}
      </main>
      <div className={styles['foot']}>
        <span>{t('help')}</span>
        <a href="../assets/licenses.txt">{t('licences')}</a>
      </div>
      <Announcer />
    </div>
  );
}
