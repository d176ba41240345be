import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslations } from 'use-intl';
import { Button, Callout } from '../../shared/parts.tsx';
import { useRoomState } from '../use-room.ts';
import { Clock } from './clock.tsx';
import styles from './exam.module.css';
import { UploadLine } from './upload-line.tsx';

/** Document Picture-in-Picture: Chrome and Edge. */
interface PictureInPicture {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}
declare global {
  var documentPictureInPicture: PictureInPicture | undefined;
}

const SIZE = { width: 360, height: 220 };

/** A small window that stays on top: the clock, the state of the recording and the newest message, beside questions elsewhere. */
export function MiniWindow() {
  const t = useTranslations('exam');
  const [mini, setMini] = useState<Window | null>(null);
  useEffect(() => () => mini?.close(), [mini]);
  const opener = globalThis.documentPictureInPicture;
  if (!opener) return null;

  async function open(from: PictureInPicture): Promise<void> {
    const opened = await from.requestWindow(SIZE);
    for (const sheet of document.querySelectorAll('link[rel=stylesheet]')) opened.document.head.append(sheet.cloneNode());
    opened.document.documentElement.lang = document.documentElement.lang;
    opened.document.title = document.title;
    opened.addEventListener('pagehide', () => setMini(null));
    setMini(opened);
  }

  return (
    <>
      <div>
        <Button disabled={mini !== null} onClick={() => void open(opener).catch(() => {})}>
          {t('mini')}
        </Button>
      </div>
      {mini && createPortal(<Inside />, mini.document.body)}
    </>
  );
}

function Inside() {
  const t = useTranslations('messages');
  const { messages } = useRoomState();
  const newest = messages.findLast(({ from, readAt }) => from !== 'PARTICIPANT' && readAt === null);
  return (
    <div className={styles['mini']}>
      <Clock />
      <UploadLine />
      {newest && (
        <Callout tone="warn">
          <p dir="auto">{t('new', { text: newest.text })}</p>
        </Callout>
      )}
    </div>
  );
}
