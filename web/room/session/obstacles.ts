import type { ExamFacts, ParticipantFacts, Problem } from './room-state.ts';

interface Arrival {
  exam: ExamFacts;
  participant: ParticipantFacts | null;
  /** Whom the link names; null for the shared link. */
  invitedAs: string | null;
  /** Server time, milliseconds since 1970. */
  now: number;
}

/** Why somebody who comes with a link cannot begin the exam; null if they can. */
export function obstacleTo({ exam, participant, invitedAs, now }: Arrival): Problem | null {
  if (exam.status === 'COMPLETED') return 'over';
  if (participant?.joinedAt) return 'seat-taken';
  if (invitedAs === null && !exam.settings.sharedLink) return 'not-let-in';
  if (exam.opensAt && Date.parse(exam.opensAt) > now) return 'not-open';
  if (exam.closesAt && Date.parse(exam.closesAt) <= now) return 'closed';
  return null;
}

/** Why this browser can record nothing of what the exam asks for, so that everything else would be in vain; null if it can. */
export function obstacleOfBrowser({ settings: { webcam, screenRecording, identityPhoto } }: ExamFacts): Problem | null {
  if (!webcam && !screenRecording && !identityPhoto) return null;
  if (!isSecureContext) return 'insecure';
  return 'MediaRecorder' in globalThis ? null : 'unsupported';
}
