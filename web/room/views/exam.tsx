import { useState, useSyncExternalStore } from 'react';
import { useTranslations } from 'use-intl';
import { Dialog } from '../../shared/dialog.tsx';
import { Button, Callout, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import { questionsOf } from '../session/questions.ts';
import { signalsFor } from '../signals/which.ts';
import { useCapture, useExam, useRoom, useRoomState } from '../use-room.ts';
import { Clock } from './clock.tsx';
import { Content } from './content.tsx';
import styles from './exam.module.css';
import { Fault } from './fault.tsx';
import { Hand } from './hand.tsx';
import { Messages } from './messages.tsx';
import { MiniWindow } from './mini-window.tsx';
import { Mirror } from './mirror.tsx';
import { UploadLine } from './upload-line.tsx';

/** The exam itself: the questions, the time, and what the candidate needs to know and can ask for. */
export function ExamView() {
  const exam = useExam();
  const { participant } = useRoomState();
  const isPaused = participant?.status === 'PAUSED';
  const isEmbedded = questionsOf(exam).where === 'framed';
  const canFill = useSyncExternalStore(fullScreen.follow, fullScreen.isOffered) && isEmbedded;
  return (
    <div>
      <header className={styles['bar']}>
        <h1>{exam.title}</h1>
        <UploadLine />
        <Clock />
        <Finish />
      </header>
      <div className={styles['notices']}>
        {isPaused && <Paused />}
        <NewMessage />
        <AddedTime />
        <Fault />
        <LostDevices />
        {canFill && exam.settings.browserLock && <FullScreenAsked />}
      </div>
      <div className={styles['room']}>
        <div className={`${styles['work']} ${isEmbedded ? styles['embedded'] : ''}`}>
          <Content isHidden={isPaused} />
        </div>
        <aside className={styles['side']}>
          <Hand />
          <Messages />
          <Mirror />
          <MiniWindow />
          {canFill && !exam.settings.browserLock && <FullScreen />}
        </aside>
      </div>
    </div>
  );
}

function Paused() {
  const t = useTranslations('exam');
  const { lastChange } = useRoomState();
  return (
    <div role="alert">
      <Callout tone="warn">
        <h2>{t('paused')}</h2>
        <p>{t('pausedText')}</p>
        {lastChange?.to === 'PAUSED' && lastChange.reason && <p dir="auto">{t('reason', { reason: lastChange.reason })}</p>}
      </Callout>
    </div>
  );
}

/** The oldest message that was not read: in sight, wherever the page is scrolled to. */
function NewMessage() {
  const t = useTranslations('messages');
  const room = useRoom();
  const { messages } = useRoomState();
  const message = messages.find(({ from, readAt }) => from !== 'PARTICIPANT' && readAt === null);
  const read = useAction((id: string) => room.markRead(id));
  if (!message) return null;
  return (
    <Callout tone="warn">
      <p dir="auto">{t('new', { text: message.text })}</p>
      <Row>
        <Button disabled={read.isBusy} onClick={() => read.run(message.id)}>
          {t('read')}
        </Button>
      </Row>
    </Callout>
  );
}

/** Time that was added while this page is open, until the candidate has seen it. */
function AddedTime() {
  const t = useTranslations('exam');
  const b = useTranslations('buttons');
  const { participant } = useRoomState();
  const credits = participant?.timeCredits ?? [];
  const [seen, setSeen] = useState(credits.length);
  const newest = credits.length > seen ? credits.at(-1) : undefined;
  if (!newest) return null;
  return (
    <Callout tone="good">
      <p dir="auto">{t('added', { minutes: Math.round(newest.minutes), reason: newest.reason })}</p>
      <Row>
        <Button onClick={() => setSeen(credits.length)}>{b('close')}</Button>
      </Row>
    </Callout>
  );
}

/** What stopped, and how it goes on. Work can go on meanwhile. */
function LostDevices() {
  const t = useTranslations('exam');
  const d = useTranslations('devices');
  const room = useRoom();
  const capture = useCapture();
  const { settings } = useExam();
  const { participant } = useRoomState();
  if (!capture || participant?.status === 'PAUSED') return null;
  const isOff = (state: string) => state === 'off' || state === 'blocked';
  const { camera, screen } = capture;
  return (
    <div role="alert">
      {settings.webcam && isOff(camera.state) && (
        <Callout tone="bad">
          <h2>{t('cameraLost')}</h2>
          {camera.blocker && <p>{d(`blocker.${camera.blocker}`)}</p>}
          <p>{t('keepWorking')}</p>
          <Row>
            <Button onClick={() => void room.capture?.openCamera()}>{t('cameraAgain')}</Button>
          </Row>
        </Callout>
      )}
      {settings.screenRecording && isOff(screen.state) && (
        <Callout tone="bad">
          {/* Off without a blocker after a reload, or after being let back in: nothing stopped, and nothing is noted. */}
          <h2>{t(screen.blocker ? 'screenLost' : 'screenOff')}</h2>
          {screen.blocker && screen.blocker !== 'ended' && <p>{d(`blocker.${screen.blocker}`)}</p>}
          <p>{t(screen.blocker ? 'keepWorking' : 'screenOffText')}</p>
          <Row>
            <Button onClick={() => void room.capture?.openScreen()}>{t('screenAgain')}</Button>
          </Row>
        </Callout>
      )}
    </div>
  );
}

const fullScreen = {
  follow(tell: () => void) {
    document.addEventListener('fullscreenchange', tell);
    return () => document.removeEventListener('fullscreenchange', tell);
  },
  /** False where it is used already, and where there is none: Safari on phones. */
  isOffered: () => document.fullscreenEnabled && document.fullscreenElement === null,
};

/** Where the questions are in the page, for who wants nothing else on the screen. */
function FullScreen() {
  const t = useTranslations('exam');
  return (
    <div>
      <Button onClick={() => void document.documentElement.requestFullscreen().catch(() => {})}>{t('fullScreen')}</Button>
    </div>
  );
}

/** Browsers fill the screen after a click only: the exam asks for it, and nobody is held up. */
function FullScreenAsked() {
  const t = useTranslations('exam');
  const exam = useExam();
  return (
    <Callout tone="warn">
      <p>
        {t('fullScreenAsked')} {signalsFor(exam).has('fullscreen_exit') && t('fullScreenTold')}
      </p>
      <FullScreen />
    </Callout>
  );
}

function Finish() {
  const t = useTranslations('exam');
  const room = useRoom();
  const [isAsked, setAsked] = useState(false);
  const finish = useAction(async () => {
    setAsked(false);
    await room.handIn();
  });
  return (
    <>
      <Button onClick={() => setAsked(true)}>{t('finish')}</Button>
      <Dialog isOpen={isAsked} onClose={() => setAsked(false)}>
        {(titleId) => (
          <Stack>
            <h2 id={titleId}>{t('finishTitle')}</h2>
            <p>{t('finishText')}</p>
            <Row>
              <Button look="danger" disabled={finish.isBusy} onClick={finish.run}>
                {t('finishYes')}
              </Button>
              <Button onClick={() => setAsked(false)}>{t('finishNo')}</Button>
            </Row>
          </Stack>
        )}
      </Dialog>
    </>
  );
}
