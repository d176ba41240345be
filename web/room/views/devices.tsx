import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Button, Callout, Quiet, Row, Stack, StreamVideo, Title } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import type { DeviceState } from '../capture/capture.ts';
import { recordsSound } from '../session/room-state.ts';
import { useCapture, useExam, useRoom } from '../use-room.ts';
import { DeviceFacts } from './device-facts.tsx';
import styles from './room.module.css';
import { Steps } from './steps.tsx';

const isPhone = () => matchMedia('(pointer: coarse) and (max-width: 48rem)').matches;

/** Camera, microphone and screen, each with what stops it and what helps. */
export function Devices() {
  const t = useTranslations('devices');
  const b = useTranslations('buttons');
  const room = useRoom();
  const capture = useCapture();
  const exam = useExam();
  const goOn = useAction(() => room.goOn('devices'));
  if (!capture || !room.capture) return null;
  const { webcam, identityPhoto, screenRecording, allowWithoutCamera } = exam.settings;
  const hasAudio = recordsSound(exam);
  const wantsCamera = webcam || identityPhoto;
  const wanted = [
    ...(wantsCamera ? [capture.camera] : []),
    ...(hasAudio ? [capture.microphone] : []),
    ...(screenRecording ? [capture.screen] : []),
  ];
  const isReady = wanted.every(({ state }) => state === 'on');
  const isBlocked = wanted.some(({ state }) => state === 'blocked');
  const needsCamera = wantsCamera && capture.camera.state !== 'on' && !allowWithoutCamera;
  const open = () => void room.capture?.openCamera();
  return (
    <Stack>
      <Steps step="devices" />
      <Title>{t('title', { screen: String(screenRecording) })}</Title>
      <p>{t('lead')}</p>
      {wantsCamera && <Camera state={capture.camera} microphone={capture.microphone} hasAudio={hasAudio} onOpen={open} />}
      {screenRecording && (
        <Device name={t('screen')} state={capture.screen} onOpen={() => void room.capture?.openScreen()} open={t('shareScreen')}>
          <Quiet>{t('shareHint')}</Quiet>
        </Device>
      )}
      {isPhone() && <Callout tone="warn">{t('phone', { screen: String(screenRecording) })}</Callout>}
      <DeviceFacts />
      {goOn.fault && <Callout tone="bad">{goOn.fault}</Callout>}
      <Row>
        <Button look="primary" disabled={!isReady || goOn.isBusy} onClick={goOn.run}>
          {b('continue')}
        </Button>
        {isBlocked && !isReady && !needsCamera && (
          <Button disabled={goOn.isBusy} onClick={goOn.run}>
            {t('without')}
          </Button>
        )}
      </Row>
      {isBlocked && needsCamera && <Callout tone="warn">{t('askProctor')}</Callout>}
    </Stack>
  );
}

interface CameraProps {
  state: DeviceState;
  microphone: DeviceState;
  hasAudio: boolean;
  onOpen(): void;
}

function Camera({ state, microphone, hasAudio, onOpen }: CameraProps) {
  const t = useTranslations('devices');
  const room = useRoom();
  const capture = useCapture();
  return (
    <>
      <Device name={t('camera')} state={state} onOpen={onOpen} open={t('openCamera', { audio: String(hasAudio) })}>
        {state.state === 'on' && (
          <StreamVideo
            stream={room.capture?.cameraStream() ?? null}
            label={t('preview')}
            className={`${styles['picture']} ${styles['flipped']}`}
          />
        )}
        <Choice
          label={t('choose')}
          options={capture?.cameras ?? []}
          current={state.label}
          onChoose={(cameraId) => void room.capture?.openCamera({ cameraId })}
        />
      </Device>
      {hasAudio && (
        <Device name={t('microphone')} state={microphone} onOpen={onOpen} open={state.state === 'off' ? null : t('open')}>
          {microphone.state === 'on' && (
            <meter className={styles['level']} aria-label={t('level')} min={0} max={1} low={0.02} value={capture?.level ?? 0} />
          )}
          <Choice
            label={t('chooseMicrophone')}
            options={capture?.microphones ?? []}
            current={microphone.label}
            onChoose={(microphoneId) => void room.capture?.openCamera({ microphoneId })}
          />
        </Device>
      )}
    </>
  );
}

interface DeviceProps {
  name: string;
  state: DeviceState;
  /** Words of the button that opens it; null if another one does. */
  open: string | null;
  onOpen(): void;
  children: ReactNode;
}

function Device({ name, state: { state, blocker, message, label }, open, onOpen, children }: DeviceProps) {
  const t = useTranslations('devices');
  const b = useTranslations('buttons');
  return (
    <section className={styles['device']} aria-label={name}>
      <Row>
        <h2>{name}</h2>
        <span role="status">{state === 'on' ? t('on', { label: label ?? name }) : state === 'off' ? t('off') : ''}</span>
      </Row>
      {state === 'asking' && <Callout>{t('asking')}</Callout>}
      {blocker && (
        <div role="alert">
          <Callout tone="bad">
            <p>{t(`blocker.${blocker}`)}</p>
            {message && <Quiet>{t('detail', { message })}</Quiet>}
          </Callout>
        </div>
      )}
      {children}
      {((state === 'off' && open !== null) || state === 'blocked') && (
        <div>
          <Button onClick={onOpen}>{state === 'off' ? open : b('again')}</Button>
        </div>
      )}
    </section>
  );
}

interface ChoiceProps {
  label: string;
  options: readonly { id: string; label: string }[];
  current: string | null;
  onChoose(id: string): void;
}

/** Only where there is something to choose. */
function Choice({ label, options, current, onChoose }: ChoiceProps) {
  if (options.length < 2) return null;
  return (
    <label>
      {label}{' '}
      <select
        className={styles['select']}
        value={options.find((one) => one.label === current)?.id ?? ''}
        onChange={({ target }) => onChoose(target.value)}
      >
        {options.map(({ id, label: text }) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
