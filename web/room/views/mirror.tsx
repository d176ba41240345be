import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { snapshotSecondsOf } from '../session/room-state.ts';
import { useExam, useRoomState } from '../use-room.ts';
import styles from './exam.module.css';

/** The newest picture that was sent: what the proctor sees. Only while it is open, since Chromium keeps what it decoded, shown or not. */
export function Mirror() {
  const t = useTranslations('exam');
  const { snapshotUrl } = useRoomState();
  const [isOpen, setOpen] = useState(false);
  if (snapshotSecondsOf(useExam()) === null) return null;
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('mirror')}</summary>
      {isOpen && <Newest url={snapshotUrl} />}
    </details>
  );
}

function Newest({ url }: { url: string | null }) {
  const t = useTranslations('exam');
  return url ? <img className={styles['sentPicture']} src={url} alt={t('mirrorAlt')} /> : <Quiet>{t('mirrorNone')}</Quiet>;
}
