import { createStore } from '../../shared/store.ts';
import type { StreamKind } from '../worker/protocol.ts';
import { blockerOf, permission } from './blockers.ts';
import type { Blocker, Capture, CaptureOptions, CaptureState, DeviceState } from './capture.ts';
import { checkDevices } from './checks.ts';
import { ASKING, comesBack, type Device, isMissing, OFF, on, reopenMs } from './device-state.ts';
import { createRecorder, refuseType } from './formats.ts';
import { openDevices, openScreenShare, setFrameRate, watchTrack } from './open.ts';
import { createPictures, type Pictures } from './picture.ts';
import { startStreamRecorder, type StreamRecorder } from './stream-recorder.ts';

/** Milliseconds of one run of a recorder. */
const ROTATE_MS = 7 * 60_000;

/** @param rotateMs length of one run of a recorder */
export function createCapture({ wants, now, onBegin, onChunk, onEvent }: CaptureOptions, { rotateMs = ROTATE_MS } = {}): Capture {
  const { get, set, subscribe } = createStore<CaptureState>({
    camera: OFF,
    microphone: OFF,
    screen: OFF,
    level: 0,
    cameras: [],
    microphones: [],
    recording: {},
    isFrugal: false,
  });
  const streams: Partial<Record<StreamKind, MediaStream>> = {};
  const recorders = new Map<StreamKind, StreamRecorder>();
  /** Recorders whose last chunk is still to come. */
  const stopping = new Set<Promise<void>>();
  let pictures: Pictures | null = null;
  let isRecording = false;
  let isClosed = false;
  let stopChecks = () => {};
  let losses = 0;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let opening: Promise<void> | null = null;

  const setDevice = (device: Device, state: DeviceState) => set({ [device]: state });
  const block = async (device: Device, error: unknown) => {
    const { message = null } = error as { message?: string | null };
    setDevice(device, { ...OFF, state: 'blocked', blocker: await blockerOf(error, device), message });
  };
  /** What is wrong with a device that stays on. */
  const mark = (device: 'camera' | 'microphone', blocker: Blocker | null) => {
    const state = get()[device];
    if (state.state === 'on' && state.blocker !== blocker) setDevice(device, { ...state, blocker });
  };

  function startRecorder(kind: StreamKind): void {
    const stream = streams[kind];
    if (!isRecording || !stream || recorders.has(kind) || stream.getVideoTracks().length === 0) return;
    set({ recording: { ...get().recording, [kind]: get().recording[kind] ?? 0 } });
    const recorder = startStreamRecorder({
      kind,
      stream,
      now,
      rotateMs,
      isFrugal: () => get().isFrugal,
      onBegin: () => onBegin(kind),
      onChunk(chunk) {
        const seconds = get().recording[kind];
        if (seconds !== undefined) set({ recording: { ...get().recording, [kind]: seconds + chunk.durationMs / 1_000 } });
        onChunk(chunk);
      },
    });
    recorders.set(kind, recorder);
    if (get().isFrugal) pace(kind);
  }

  function pace(kind: StreamKind): void {
    const [track] = streams[kind]?.getVideoTracks() ?? [];
    if (track) setFrameRate(track, kind, get().isFrugal);
  }

  async function stopRecorder(kind: StreamKind): Promise<void> {
    const recorder = recorders.get(kind);
    recorders.delete(kind);
    const { [kind]: _gone, ...others } = get().recording;
    set({ recording: others });
    if (!recorder) return;
    const stopped = recorder.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
    await stopped;
  }

  async function openCamera(choice: { cameraId?: string; microphoneId?: string } = {}): Promise<void> {
    // A second click would ask twice.
    opening ??= open(choice).finally(() => (opening = null));
    await opening;
  }

  async function open(choice: { cameraId?: string; microphoneId?: string }): Promise<void> {
    clearTimeout(reopening);
    isClosed = false;
    if (wants.camera) setDevice('camera', ASKING);
    if (wants.microphone) setDevice('microphone', ASKING);
    const { video, audio } = await openDevices(wants, choice);
    /** Switched off while the browser asked, or the recorder before stopped: nothing may stay on. */
    const isUnwanted = (): boolean => {
      if (!isClosed) return false;
      for (const track of [video, audio]) if (track instanceof MediaStreamTrack) track.stop();
      set({ camera: OFF, microphone: OFF });
      return true;
    };
    const before = streams.webcam;
    await stopRecorder('webcam');
    if (isUnwanted()) return;
    for (const track of before?.getTracks() ?? []) track.stop();
    const stream = new MediaStream([video, audio].filter((found) => found instanceof MediaStreamTrack));
    streams.webcam = stream;
    pictures?.close();
    pictures = video instanceof MediaStreamTrack ? createPictures(video, stream) : null;
    if (wants.camera) await settle('camera', video);
    if (wants.microphone) await settle('microphone', audio);
    await list();
    if (isUnwanted()) return;
    check();
    startRecorder('webcam');
    if (isRecording && comesBack(get().camera)) reopenLater();
  }

  async function settle(device: 'camera' | 'microphone', found: MediaStreamTrack | Error | null): Promise<void> {
    if (!(found instanceof MediaStreamTrack)) return block(device, found ?? new DOMException('None was found', 'NotFoundError'));
    if (device === 'camera') losses = 0;
    setDevice(device, on(found));
    watchTrack(found, {
      onEnded: () => (device === 'camera' ? loseCamera() : lose('microphone', 'mic_muted', 'The microphone stopped')),
      onMuted: () => {
        mark(device, 'muted');
        if (device === 'camera') onEvent({ type: 'camera_stopped', details: 'The camera gives no picture: it is muted' });
        else onEvent({ type: 'mic_muted', details: 'The microphone is muted' });
      },
      onUnmuted: () => mark(device, null),
    });
  }

  function lose(device: Device, type: 'camera_stopped' | 'mic_muted' | 'screen_share_stopped', details: string): void {
    if (isClosed) return;
    setDevice(device, { ...OFF, state: 'blocked', blocker: 'ended' });
    onEvent({ type, details });
  }

  /** It is opened again by itself, with growing pauses, and goes on in the same recording. */
  function loseCamera(): void {
    if (isClosed) return;
    lose('camera', 'camera_stopped', 'The camera stopped');
    void stopRecorder('webcam');
    reopenLater();
  }

  function reopenLater(): void {
    clearTimeout(reopening);
    reopening = setTimeout(() => void openCamera(), reopenMs(losses));
    losses += 1;
  }

  async function list(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const ofKind = (kind: MediaDeviceKind) =>
      devices.filter((one) => one.kind === kind && one.deviceId !== '').map(({ deviceId: id, label }) => ({ id, label }));
    set({ cameras: ofKind('videoinput'), microphones: ofKind('audioinput') });
  }

  function endChecks(): void {
    stopChecks();
    stopChecks = () => {};
  }

  /** Only before the exam: while it runs, the server looks at the pictures. */
  function check(): void {
    endChecks();
    const stream = streams.webcam;
    if (isRecording || isClosed || !stream) return;
    stopChecks = checkDevices({
      stream,
      pictures,
      onLevel: (level) => set({ level }),
      onCamera: (blocker) => mark('camera', blocker),
      onMicrophone: (blocker) => mark('microphone', blocker),
    });
  }

  // Plugged in, or permitted in the browser's settings: no click is needed.
  navigator.mediaDevices?.addEventListener('devicechange', () => {
    void list();
    const { camera, microphone } = get();
    if (isMissing(camera) || isMissing(microphone)) void openCamera();
    else if (isRecording) onEvent({ type: 'device_changed', details: 'A camera, microphone or speaker was connected or removed' });
  });
  for (const device of ['camera', 'microphone'] as const) {
    void permission(device).then((status) =>
      status?.addEventListener('change', () => {
        if (status.state === 'granted' && get()[device].state === 'blocked') void openCamera();
      }),
    );
  }

  /** Resolves when the last chunk was given. */
  async function pause(): Promise<void> {
    isRecording = false;
    for (const kind of recorders.keys()) void stopRecorder(kind);
    // Also of those that were stopped before, as of a camera that was unplugged.
    await Promise.all(stopping);
  }

  return {
    getState: get,
    subscribe,
    cameraStream: () => (get().camera.state === 'on' ? (streams.webcam ?? null) : null),
    screenStream: () => streams.screen ?? null,
    openCamera,

    async openScreen() {
      setDevice('screen', ASKING);
      isClosed = false;
      try {
        const { stream, track } = await openScreenShare();
        await stopRecorder('screen');
        if (isClosed) {
          track.stop();
          return set({ screen: OFF });
        }
        for (const old of streams.screen?.getTracks() ?? []) old.stop();
        streams.screen = stream;
        setDevice('screen', on(track));
        watchTrack(track, {
          onEnded() {
            void stopRecorder('screen');
            delete streams.screen;
            lose('screen', 'screen_share_stopped', 'The screen is not shared any more');
          },
        });
        startRecorder('screen');
      } catch (error) {
        if ((error as { blocker?: Blocker }).blocker === 'wrong-surface')
          setDevice('screen', { ...OFF, state: 'blocked', blocker: 'wrong-surface' });
        else await block('screen', error);
      }
    },

    takePicture: async ({ maxWidth }) => (await pictures?.jpeg(maxWidth)) ?? null,

    async recordClip(seconds) {
      const stream = streams.webcam;
      if (!stream) throw new DOMException('The camera is off', 'InvalidStateError');
      const recorder = createRecorder('webcam', stream);
      const parts: Blob[] = [];
      recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
      const stopped = new Promise<void>((resolve) => recorder.addEventListener('stop', () => resolve(), { once: true }));
      recorder.start();
      setTimeout(() => recorder.state !== 'inactive' && recorder.stop(), seconds * 1_000);
      await stopped;
      return new Blob(parts, { type: recorder.mimeType });
    },

    record() {
      isRecording = true;
      isClosed = false;
      endChecks();
      startRecorder('webcam');
      startRecorder('screen');
    },

    pause,

    setFrugal(isFrugal) {
      if (get().isFrugal === isFrugal) return;
      set({ isFrugal });
      pace('webcam');
      pace('screen');
    },

    refuseFormat(format) {
      if (!refuseType(format)) return false;
      // A refusal that comes late, after the next format was chosen, changes nothing.
      for (const [kind, { format: current }] of recorders)
        if (current() === format) void stopRecorder(kind).then(() => startRecorder(kind));
      return true;
    },

    async close() {
      isClosed = true;
      clearTimeout(reopening);
      endChecks();
      await pause();
      // Let in again while the last chunk was on its way: they are needed.
      if (!isClosed) return;
      pictures?.close();
      pictures = null;
      for (const stream of Object.values(streams)) for (const track of stream.getTracks()) track.stop();
      delete streams.webcam;
      delete streams.screen;
      set({ camera: OFF, microphone: OFF, screen: OFF, level: 0, isFrugal: false });
    },
  };
}
