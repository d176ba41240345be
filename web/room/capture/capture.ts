import type { StreamKind } from '../worker/protocol.ts';

/** Why a camera, a microphone or a screen does not work, by what the candidate can do about it. */
export type Blocker =
  | 'insecure' // http on another host than localhost: there is no mediaDevices
  | 'unsupported' // no MediaRecorder, or nothing that it can record
  | 'denied' // by the person or the browser's settings
  | 'dismissed' // the question was closed
  | 'denied-by-system' // the operating system does not let the browser
  | 'missing' // none is plugged in
  | 'busy' // another program has it
  | 'black' // it is on, but the picture is black or does not move
  | 'silent' // it is on, but no sound comes
  | 'muted' // the browser or the hardware mutes it
  | 'ended' // it was unplugged or stopped
  | 'wrong-surface' // a window or a tab was shared where the whole screen is asked for
  | 'failed'; // anything else

export interface DeviceState {
  state: 'off' | 'asking' | 'on' | 'blocked';
  blocker: Blocker | null;
  /** The browser's own words, for a detail line. */
  message: string | null;
  label: string | null;
}

export interface CaptureState {
  camera: DeviceState;
  microphone: DeviceState;
  screen: DeviceState;
  /** 0 to 1, of the last moment. */
  level: number;
  cameras: readonly { id: string; label: string }[];
  microphones: readonly { id: string; label: string }[];
  /** Seconds of each kind that are recorded in this page, without pauses; null while it is not recorded. */
  recording: Partial<Record<StreamKind, number>>;
  /** Whether it records with fewer pictures, until a backlog is sent. */
  isFrugal: boolean;
}

/** What the recorder gives; the caller owns the buffer. */
export interface RecordedChunk {
  kind: StreamKind;
  buffer: ArrayBuffer;
  /** Server time, milliseconds since 1970. */
  startedAt: number;
  durationMs: number;
  /** The recorder's type, such as `video/webm;codecs=vp8,opus`. */
  format: string;
}

/** Something happened to a device that the proctor should know. */
export interface CaptureEvent {
  type: 'camera_stopped' | 'screen_share_stopped' | 'mic_muted' | 'device_changed';
  details: string;
}

export interface CaptureOptions {
  /** What the exam asks for. */
  wants: { camera: boolean; microphone: boolean; screen: boolean };
  /** Server time now, milliseconds since 1970. */
  now(): number;
  /** Something of this kind is recorded; its first chunk comes seconds later. */
  onBegin(kind: StreamKind): void;
  onChunk(chunk: RecordedChunk): void;
  onEvent(event: CaptureEvent): void;
}

/**
 * The devices of the candidate, from the check to the end: one stream each, which is never opened twice. What is lost is opened again
 * and goes on in the same recording.
 */
export interface Capture {
  getState(): CaptureState;
  subscribe(listener: () => void): () => void;
  /** The picture of the camera, for a preview; null while it is off. */
  cameraStream(): MediaStream | null;
  screenStream(): MediaStream | null;
  /** Asks for camera and microphone, in one question. Also for another try. Never throws: the state tells. */
  openCamera(choice?: { cameraId?: string; microphoneId?: string }): Promise<void>;
  /** Asks for the screen; only from a click. */
  openScreen(): Promise<void>;
  /** A JPEG of the camera. Null if it gives no picture. */
  takePicture(options: { maxWidth: number }): Promise<Blob | null>;
  /** A recording of the camera alone, for the proof: as it will be recorded. */
  recordClip(seconds: number): Promise<Blob>;
  /** Records what is open, and what opens from now on. */
  record(): void;
  /** Fewer pictures per second at once, and fewer bits from the next run of a recorder on; or as usual again. */
  setFrugal(isFrugal: boolean): void;
  /**
   * The server does not take this format: goes on with the next one that the browser can record.
   * @returns false if there is none, and all goes on as it is
   */
  refuseFormat(format: string): boolean;
  /** Stops recording, and resolves when the last chunk was given to `onChunk`; the devices stay on. */
  pause(): Promise<void>;
  /** Stops recording, and switches the devices off. */
  close(): Promise<void>;
}
