import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { snapshotSecondsOf } from '../session/room-state.ts';
import { useExam, useRoomState } from '../use-room.ts';
import styles from './exam.module.css';

/** The newest picture that was sent: what the proctor sees. */
export function Mirror() {
  const t = useTranslations('exam');
  const { snapshotUrl } = useRoomState();
  if (snapshotSecondsOf(useExam()) === null) return null;
  return (
    <details>
      <summary>{t('mirror')}</summary>
      {snapshotUrl ? <img className={styles['sentPicture']} src={snapshotUrl} alt={t('mirrorAlt')} /> : <Quiet>{t('mirrorNone')}</Quiet>}
    </details>
  );
}
