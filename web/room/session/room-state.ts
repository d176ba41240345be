import type { ExamFactsFragment, MessageFactsFragment, ParticipantFactsFragment } from '../../generated/graphql.ts';
import type { UploadState } from '../worker/protocol.ts';

export type ExamFacts = ExamFactsFragment;
export type ParticipantFacts = ParticipantFactsFragment;
export type MessageFacts = MessageFactsFragment;

/** Why the page cannot go on, by what the candidate can do next. */
export type Problem =
  | 'no-link' // opened without what follows the #
  | 'bad-link' // cut, expired, or for another exam
  | 'staff-link' // a proctor's
  | 'seat-taken' // joined in another browser: a proctor readmits
  | 'not-open' // opensAt is to come
  | 'closed' // closesAt is over, for whoever has not begun
  | 'not-let-in' // the shared link lets nobody in
  | 'cancelled'
  | 'over' // and this person was never in it
  | 'other-tab'
  | 'unsupported'
  | 'insecure'
  | 'unreachable'; // the server did not answer when the page was loaded

/** The steps before the exam; which of them there are, the settings say. */
export type Step = 'welcome' | 'devices' | 'photo' | 'proof';

export type Phase =
  | { kind: 'loading' }
  | { kind: 'problem'; problem: Problem; message: string | null }
  | { kind: 'check-in'; step: Step }
  /** The practice run went well. */
  | { kind: 'practised' }
  | { kind: 'waiting' }
  | { kind: 'exam' }
  /** Handed in, out of time, or sent out: what is held against the candidate, the receipt, and what is still to be sent. */
  | { kind: 'ended' };

/** What staff did to this person last, with their reason. */
export interface LastChange {
  what: string;
  to: string | null;
  reason: string | null;
  at: string;
}

export interface RoomState {
  phase: Phase;
  practice: boolean;
  exam: ExamFacts | null;
  /** Null before joining. */
  participant: ParticipantFacts | null;
  /** Whom the link names; null for the shared link, before joining. */
  invitedAs: string | null;
  /** Position of the log up to which the page's own read tells what is so. */
  knownSeq: number;
  /** Whether this browser has the seat's token. A link alone opens no messages and no receipt. */
  isSeated: boolean;
  /**
   * This browser remembered the seat of a link that names nobody, and it was not said yet that the same person is back: what was that
   * person's is not shown.
   */
  mayBeAnother: boolean;
  /** Oldest first. */
  messages: readonly MessageFacts[];
  /** Since when the socket is down; null while it holds. */
  cutOffSince: number | null;
  upload: UploadState | null;
  /** How many times this page had its worker send the rest; counted when it begins to stop recording. */
  dutiesGiven: number;
  /** The last change of the status by staff: why there is a pause, or no exam any more. */
  lastChange: LastChange | null;
  /** Position of the newest event about a warning, or about what was decided: what is held against the candidate is another then. */
  judgedSeq: number;
  /** The newest picture that the proctor was sent; an object URL. */
  snapshotUrl: string | null;
  /** What the page or its worker cannot do any more, with the server's words; null if nothing failed. */
  fault: { what: 'signed-out' | 'refused' | 'no-format' | 'outdated'; message: string } | null;
}

/** Before the server has said anything. */
export const firstState = (known: Pick<RoomState, 'practice' | 'mayBeAnother'>): RoomState => ({
  ...known,
  phase: { kind: 'loading' },
  exam: null,
  participant: null,
  invitedAs: null,
  knownSeq: 0,
  isSeated: false,
  messages: [],
  cutOffSince: null,
  upload: null,
  dutiesGiven: 0,
  lastChange: null,
  judgedSeq: 0,
  snapshotUrl: null,
  fault: null,
});

export const STEPS_IN_ORDER: readonly Step[] = ['welcome', 'devices', 'photo', 'proof'];

/** The steps that this exam asks for. */
export function stepsOf({ settings }: Pick<ExamFacts, 'settings'>): Step[] {
  const { webcam, screenRecording, identityPhoto } = settings;
  return STEPS_IN_ORDER.filter((step) => {
    if (step === 'devices') return webcam || screenRecording || identityPhoto;
    if (step === 'photo') return identityPhoto;
    if (step === 'proof') return webcam;
    return true;
  });
}

/** Sound is part of the camera's recording. */
export const recordsSound = ({ settings: { webcam, audioRecording } }: Pick<ExamFacts, 'settings'>) => webcam && audioRecording;

/** Seconds between snapshots; null for none. */
export function snapshotSecondsOf({ settings }: Pick<ExamFacts, 'settings'>): number | null {
  const { webcam, aiDetection, snapshotSeconds } = settings;
  if (!webcam || !aiDetection.enabled) return null;
  return snapshotSeconds ?? { LOW: 10, MEDIUM: 5, HIGH: 2 }[aiDetection.sensitivity];
}

/** Everything that can be sent is sent, after the newest end. */
export const isAllSent = ({ upload, dutiesGiven }: RoomState) =>
  upload === null || (upload.duties >= dutiesGiven && upload.handedIn === 'done');

/** In the exam, running or paused. */
export const isSitting = (status: string | undefined) => status === 'ACTIVE' || status === 'PAUSED' || status === 'DISCONNECTED';

export const hasLeft = (status: string | undefined) => status === 'SUBMITTED' || status === 'TERMINATED' || status === 'TIMED_OUT';
