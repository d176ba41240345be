import type { ServerClock } from '../../shared/server-clock.ts';
import type { Store } from '../../shared/store.ts';
import type { Capture, CaptureOptions } from '../capture/capture.ts';
import { isFrugalNow } from '../capture/frugal.ts';
import { startSignals } from '../signals/signals.ts';
import { signalsFor } from '../signals/which.ts';
import type { FromWorker, Presence, StreamState, ToWorker } from '../worker/protocol.ts';
import { checkInStepOf } from './check-in-step.ts';
import {
  type ExamFacts,
  hasLeft,
  isSitting,
  type ParticipantFacts,
  recordsSound,
  type RoomState,
  snapshotSecondsOf,
} from './room-state.ts';
import { startUplink, type Uplink } from './uplink.ts';

/** Pixels; the proctor sees 320. */
const SNAPSHOT_WIDTH = 640;

interface Options {
  root: URL;
  store: Store<RoomState>;
  clock: ServerClock;
  createCapture(options: CaptureOptions): Capture;
  onPresence(presence: Presence): void;
  onRenewed(token: string, expiresAt: string): void;
  /** The server has the submission. */
  onSubmitted(): void;
}

/** Devices, worker and signals of one candidate: what records and sends, as the participant's status says. */
export function createSitting({ root, store, clock, createCapture, onPresence, onRenewed, onSubmitted }: Options) {
  let capture: Capture | null = null;
  let uplink: Uplink | null = null;
  let hasSeat = false;
  let isRecording = false;
  let stopSignals: (() => void) | null = null;
  const listening = new AbortController();
  const { get, set } = store;

  function open(): Uplink {
    uplink ??= startUplink({
      onMessage: hear,
      onMissing(isMissing) {
        if (isMissing) set({ fault: { what: 'outdated', message: '' } });
        else if (get().fault?.what === 'outdated') set({ fault: null });
      },
    });
    return uplink;
  }

  function hear(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'upload': {
        const { upload } = get();
        const wasOffline = upload?.offlineSince ?? null;
        const { streams, offlineSince, submitted } = message.state;
        set({ upload: message.state });
        if (submitted && !upload?.submitted) onSubmitted();
        spare(Object.values(streams));
        return tellOfLine(wasOffline, offlineSince);
      }
      case 'presence':
        return onPresence(message.presence);
      case 'snapshot-due':
        return void sendPicture();
      case 'renewed':
        return onRenewed(message.token, message.expiresAt);
      case 'signed-out':
        return set({ fault: { what: 'signed-out', message: message.message } });
      case 'format-refused':
        return changeFormat(message);
      case 'refused':
        // What was recorded stays on the device; a picture is nothing that anybody waits for.
        if (message.what !== 'snapshot') set({ fault: { what: 'refused', message: message.message } });
    }
  }

  /** Told only if this browser records nothing that the server takes. */
  function changeFormat({ kind, format, message }: Extract<FromWorker, { type: 'format-refused' }>): void {
    if (capture?.refuseFormat(format)) return;
    set({ fault: { what: 'no-format', message } });
    const details = `The ${kind} recording: no format of this browser is taken: ${message}`;
    uplink?.post({ type: 'signal', signal: { type: 'evidence_gap', details, timestamp: clock.now() } });
  }

  /** A line that cannot keep up is given less to carry. */
  function spare(streams: readonly StreamState[]): void {
    const waitingMs = Math.max(0, ...streams.map((stream) => stream.waitingMs));
    capture?.setFrugal(isRecording && isFrugalNow(capture.getState().isFrugal, waitingMs));
  }

  /** An outage is told once it is over: before, nothing arrives. */
  function tellOfLine(since: number | null, now: number | null): void {
    if (since === null || now !== null) return;
    const seconds = Math.round((clock.now() - since) / 1_000);
    report('network_lost', `The connection was lost for ${seconds} s`, since);
    report('network_restored', 'The connection is back', clock.now());
  }

  async function sendPicture(): Promise<void> {
    const takenAt = clock.now();
    const picture = (await capture?.takePicture({ maxWidth: SNAPSHOT_WIDTH })) ?? null;
    const before = get().snapshotUrl;
    if (before) URL.revokeObjectURL(before);
    set({ snapshotUrl: picture && URL.createObjectURL(picture) });
    const image = picture && (await picture.arrayBuffer());
    uplink?.post({ type: 'snapshot', image, takenAt }, image ? [image] : []);
  }

  function report(type: string, details: string, timestamp: number): void {
    const { exam, participant } = get();
    if (!exam || !isSitting(participant?.status) || !signalsFor(exam).has(type)) return;
    uplink?.post({ type: 'signal', signal: { type, details, timestamp } });
  }

  /** Watches what happens around the page. A second call changes nothing. */
  function watch(exam: ExamFacts): void {
    stopSignals ??= startSignals({
      types: signalsFor(exam),
      now: clock.now,
      report,
      isAsking() {
        const { camera, screen } = capture?.getState() ?? {};
        return camera?.state === 'asking' || screen?.state === 'asking';
      },
    });
  }

  /** Stops recording and watching, and resolves when the worker was given the last chunk. */
  async function stop(): Promise<void> {
    isRecording = false;
    stopSignals?.();
    stopSignals = null;
    uplink?.post({ type: 'pace', heartbeat: false, snapshotSeconds: null });
    await capture?.close();
  }

  /** Stops, and has the rest sent. Not everything is sent from now on, although the last chunk is not there yet. */
  async function end(duty: Extract<ToWorker, { type: 'drain' | 'hand-in' }>): Promise<void> {
    set({ dutiesGiven: get().dutiesGiven + 1 });
    await stop();
    uplink?.post(duty);
  }

  const tellStep = () => uplink?.post({ type: 'step', step: checkInStepOf(get(), capture?.getState() ?? null) });

  const wake = () => uplink?.post({ type: 'wake' });
  addEventListener('online', wake, { signal: listening.signal });
  document.addEventListener('visibilitychange', wake, { signal: listening.signal });

  return {
    get capture() {
      return capture;
    },
    report,
    watch,

    /** Makes ready what the exam asks for; nothing is switched on. */
    prepare(exam: ExamFacts): void {
      // Long before it is needed: an update of the server may take its script away meanwhile.
      if (!get().practice) open();
      const { webcam, identityPhoto, screenRecording } = exam.settings;
      capture ??= createCapture({
        wants: { camera: webcam || identityPhoto, microphone: recordsSound(exam), screen: screenRecording },
        now: clock.now,
        onBegin: (kind) => uplink?.post({ type: 'begin', kind }),
        onChunk: ({ buffer, ...chunk }) => uplink?.post({ type: 'chunk', buffer, ...chunk }, [buffer]),
        onEvent: ({ type, details }) => report(type, details, clock.now()),
      });
    },

    /** Starts the worker for a seat: it takes up what an earlier page left. A second call gives it another token. */
    start(examId: string, { userId, status }: ParticipantFacts, token: string): void {
      const worker = open();
      if (hasSeat) return worker.post({ type: 'token', token });
      hasSeat = true;
      const heartbeat = !hasLeft(status);
      worker.post({ type: 'start', root: root.href, seat: { examId, userId }, token, heartbeat, snapshotSeconds: null });
      store.subscribe(tellStep);
      capture?.subscribe(tellStep);
    },

    /** Records while the exam runs, and not while it is paused. */
    sit(exam: ExamFacts, isPaused: boolean): void {
      if (isRecording === !isPaused) return;
      isRecording = !isPaused;
      uplink?.post({ type: 'pace', heartbeat: true, snapshotSeconds: isPaused ? null : snapshotSecondsOf(exam) });
      if (isPaused) return void capture?.pause();
      capture?.record();
      // After a reload nothing is open. The screen needs a click, for which the view asks.
      if (capture?.getState().camera.state === 'off') void capture.openCamera();
    },

    /** Sends a picture now, if the exam runs: staff ask for one. */
    showNow(): void {
      if (isRecording) void sendPicture();
    },

    /** The exam is over for this person, by whatever: the rest is sent. */
    leave: () => end({ type: 'drain' }),

    handIn: () => end({ type: 'hand-in', stats: { endTime: new Date(clock.now()).toISOString() } }),

    /** Everything off: another tab goes on, or the exam was cancelled. What waits stays on the device. */
    async giveUp(): Promise<void> {
      await stop();
      // It keeps the last chunk before it ends.
      uplink?.post({ type: 'stop' });
      uplink = null;
      hasSeat = false;
      capture = null;
      // Another worker, if this tab ever goes on, counts anew.
      set({ upload: null, dutiesGiven: 0 });
    },
  };
}
