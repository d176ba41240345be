/** What the page and its worker say to each other. Times are in server time, milliseconds since 1970. */

export type StreamKind = 'webcam' | 'screen';
export const STREAM_KINDS: readonly StreamKind[] = ['webcam', 'screen'];

/** Whose exam it is: the name under which everything is kept on the device. */
export interface Seat {
  examId: string;
  userId: string;
}

/** A signal for the proctor, as `reportWarnings` takes it. */
export interface Signal {
  type: string;
  details: string;
  timestamp: number;
}

export type ToWorker =
  | { type: 'start'; root: string; seat: Seat; token: string; heartbeat: boolean; snapshotSeconds: number | null }
  /** The page has another token by now. */
  | { type: 'token'; token: string }
  /** A recorder of this kind runs: the recording is started before its first chunk is there. */
  | { type: 'begin'; kind: StreamKind }
  /** What one `dataavailable` gave; the buffer is transferred. `format` is the recorder's type. */
  | { type: 'chunk'; kind: StreamKind; buffer: ArrayBuffer; startedAt: number; durationMs: number; format?: string }
  | { type: 'signal'; signal: Signal }
  /** The answer to `snapshot-due`: a JPEG, or null if the camera gives none. */
  | { type: 'snapshot'; image: ArrayBuffer | null; takenAt: number }
  /** Snapshots and heartbeats as the exam is now: none while it is paused or over. */
  | { type: 'pace'; heartbeat: boolean; snapshotSeconds: number | null }
  /** Where the candidate is at check-in, a slug; null elsewhere. */
  | { type: 'step'; step: string | null }
  /** No more chunks come: the number of each stream is announced, then the exam is handed in. Safe to repeat. */
  | { type: 'hand-in'; stats: Record<string, unknown> }
  /** As `hand-in`, but the exam is over already (time, termination): only what was recorded is sent. */
  | { type: 'drain' }
  /** The network may be back, or the page is visible again: try now. */
  | { type: 'wake' }
  /** Another tab goes on: keep what came, send nothing more, and end. */
  | { type: 'stop' };

export interface StreamState {
  recordingId: string | null;
  /** Chunks that were recorded, in this browser. */
  chunks: number;
  /** Chunks that the server has acknowledged. */
  sent: number;
  /** Chunks that it refused, or whose recording it did not let begin; they stay on the device. */
  refused: number;
  /** Chunks that neither the device nor the server has: at least so many, because what the server had is known only to be incomplete. */
  lost: number;
  waitingBytes: number;
  waitingMs: number;
  /** Up to when the server has everything; null before the first chunk. */
  sentUpTo: number | null;
  /** Whether the server says that all of it is there; only after `hand-in` or `drain`. */
  isComplete: boolean;
}

export interface UploadState {
  /** Since when nothing was answered; null while the line holds. */
  offlineSince: number | null;
  streams: Partial<Record<StreamKind, StreamState>>;
  /** Whether anything was recorded in this browser for the seat, also before the candidate was let in again. */
  hasRecorded: boolean;
  /** Whether the device keeps what waits. If not, closing the page loses it. */
  isStored: boolean;
  /** Why it does not, in the browser's words. */
  storageFault: string | null;
  /** Signals that wait. */
  signals: number;
  /** `done` when everything that can be sent is there, after `hand-in` or `drain`. */
  handedIn: 'no' | 'waiting' | 'done';
  /** How many `hand-in` and `drain` of this page are taken on: `handedIn` is about the last of them. */
  duties: number;
  /** Whether the server has the submission: the sitting is over, the upload may go on. */
  submitted: boolean;
}

/** The participant, as the newest heartbeat told. */
export interface Presence {
  status: string;
  endsAt: number | null;
  remainingSeconds: number | null;
  serverTime: number;
  handRaised: boolean;
  /** Milliseconds from the request to the answer. */
  roundTripMs: number;
}

export type FromWorker =
  /** Its script has come: from now on it hears. */
  | { type: 'ready' }
  | { type: 'upload'; state: UploadState }
  | { type: 'presence'; presence: Presence }
  /** Take a picture and send it. */
  | { type: 'snapshot-due' }
  | { type: 'renewed'; token: string; expiresAt: string }
  /** The token is not accepted any more: nothing can be sent until the page has another one. */
  | { type: 'signed-out'; message: string }
  /** The server does not take the format of a recording's beginning: the page may know another one. */
  | { type: 'format-refused'; kind: StreamKind; format: string; code: string; message: string }
  /** The server does not take something and never will; the rest goes on. */
  | { type: 'refused'; what: 'chunk' | 'signal' | 'snapshot' | 'recording' | 'hand-in'; code: string; message: string };
