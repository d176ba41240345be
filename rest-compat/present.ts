import type { Context } from '../src/context.ts';
import type { Message, Participant, Recording, Verification, Warning } from '../src/generated/prisma/client.ts';
import { remainingSeconds } from '../src/resolvers/control.ts';
import { isComplete, spansOfRecording } from '../src/resolvers/evidence.ts';
import { accessUrl, adminUrl, personalUrl, shownContentUrl, shownSettings } from '../src/resolvers/exams.ts';
import { readAt, senderOf } from '../src/resolvers/messages.ts';
import { renewedToken } from '../src/resolvers/participants.ts';
import { downloadUrl } from '../src/resolvers/recordings.ts';
import type { Contested } from '../src/resolvers/reviews.ts';
import type { Submitted } from '../src/resolvers/submissions.ts';
import { timesOf } from '../src/resolvers/warnings.ts';
import type { Viewer } from '../src/services/access/viewer.ts';
import type { ParticipantWithAccommodations } from '../src/services/participants/accommodations.ts';
import type { ExamRow, ParticipantLine, RecordingWithAnalysis, WarningLine } from '../src/services/reads/hot-reads.ts';
import type { Judged } from '../src/services/reviews/reviews.ts';

type Analysis = NonNullable<RecordingWithAnalysis['analysis']>;

/** Converts rows to the documented JSON, in which enum values are lower case. */

export const lower = <T extends string>(value: T) => value.toLowerCase() as Lowercase<T>;

function presentSettings({ settings, extra }: Pick<ExamRow, 'settings' | 'extra'>) {
  const { aiDetection, admission, candidateView, ...shown } = shownSettings({ settings });
  const { aiDetection: unknownAi, ...unknown } = (extra ?? {}) as { aiDetection?: object };
  const { enabled, sensitivity } = aiDetection;
  return {
    ...shown,
    ...(admission && { admission: lower(admission) }),
    ...(candidateView && { candidateView: lower(candidateView) }),
    aiDetection: { enabled, sensitivity: lower(sensitivity), ...unknownAi },
    ...unknown,
  };
}

export async function presentExam(ctx: Context, exam: ExamRow) {
  const admin = await adminUrl(ctx, exam);
  const contentUrl = await shownContentUrl(ctx, exam);
  return {
    id: exam.id,
    title: exam.title,
    duration: exam.duration,
    settings: presentSettings(exam),
    status: lower(exam.status),
    createdAt: exam.createdAt,
    ...(exam.startedAt && { startedAt: exam.startedAt }),
    ...(exam.endedAt && { endedAt: exam.endedAt }),
    ...(exam.opensAt && { opensAt: exam.opensAt }),
    ...(exam.closesAt && { closesAt: exam.closesAt }),
    ...(contentUrl && { contentUrl, contentMode: lower(exam.contentMode) }),
    accessUrl: await accessUrl(ctx, exam),
    ...(admin && { adminUrl: admin }),
  };
}

export const presentMessage = async (ctx: Context, message: Message) => ({
  id: message.id,
  userId: message.userId,
  from: lower(message.from),
  by: senderOf(ctx, message),
  text: message.text,
  sentAt: message.sentAt,
  readAt: await readAt(ctx, message),
});

export const presentInvited = async (ctx: Context, participant: Participant) => ({
  ...presentParticipant(participant),
  group: participant.group,
  extraMinutes: participant.extraMinutes,
  accessUrl: (await personalUrl(ctx, participant)) ?? '',
});

/** A participant with its clock. */
export async function presentSeated(ctx: Context, participant: Participant) {
  const { startedAt, endsAt } = participant;
  return { ...presentParticipant(participant), startedAt, endsAt, remainingSeconds: await remainingSeconds(ctx, participant) };
}

export async function presentHeartbeat(ctx: Context, participant: Participant) {
  const token = await renewedToken(ctx, participant);
  return {
    participant: { ...presentParticipant(participant), lastSeenAt: participant.lastSeenAt },
    serverTime: await ctx.services.clock.now(),
    endsAt: participant.endsAt,
    remainingSeconds: await remainingSeconds(ctx, participant),
    ...(token && { renewedToken: token }),
  };
}

export const presentViewer = ({ role, name, examId, userId, tenant, expiresAt }: Viewer) => ({
  role,
  name,
  examId,
  userId,
  organisation: tenant,
  expiresAt,
});

export const presentParticipant = ({ userId, name, status, joinedAt }: ParticipantLine) => ({
  id: userId,
  name,
  status: lower(status),
  joinedAt,
});

export const presentAccommodations = ({ accommodations, ...participant }: ParticipantWithAccommodations) => ({
  ...presentParticipant(participant),
  accommodations: accommodations.map(({ type, reason, by, at }) => ({ type, reason, by, at })),
});

export function presentWarning(warning: WarningLine) {
  const { timestamp, endedAt } = timesOf(warning);
  return {
    timestamp,
    type: warning.type,
    userId: warning.userId,
    details: warning.details,
    id: warning.id,
    severity: lower(warning.severity),
    source: lower(warning.source),
    ...(endedAt && { endedAt }),
  };
}

export const presentLoggedWarning = (warning: Warning) => ({ ...presentWarning(warning), seq: Number(warning.seq) });

export const presentReviewedWarning = (warning: Warning) => ({
  ...presentLoggedWarning(warning),
  review:
    warning.reviewDecision && warning.reviewBy && warning.reviewAt
      ? { decision: lower(warning.reviewDecision), reason: warning.reviewReason, by: warning.reviewBy, at: warning.reviewAt }
      : null,
});

const presentReviewed = (participant: Participant) => ({ ...presentParticipant(participant), review: lower(participant.review) });

export const presentJudged = ({ participant, verdict: { status, reason, by, at, final } }: Judged) => ({
  ...presentReviewed(participant),
  verdict: { status: lower(status), reason, by, at, final },
});

export const presentContested = ({ participant, contest: { text, at } }: Contested) => ({
  ...presentReviewed(participant),
  contest: { text, at },
});

export const presentSubmission = ({ submission, ignored }: Submitted) => ({
  id: submission.id,
  examId: submission.examId,
  userId: submission.userId,
  status: 'received' as const,
  submittedAt: submission.submittedAt,
  warnings: { received: submission.warningsReceived, stored: submission.warningsStored },
  recordings: submission.recordings.map(({ id, type, size, status }) => ({
    id,
    type: lower(type),
    size: Number(size),
    status: lower(status),
  })),
  ...(ignored.length > 0 && { ignored }),
});

const presentFaces = ({ facePresent, multipleFaces, noFace }: Analysis) => ({ faceDetection: { facePresent, multipleFaces, noFace } });
const presentActivity = ({ phoneUsage, lookingAway, talking }: Analysis) => ({ suspiciousActivity: { phoneUsage, lookingAway, talking } });
const presentSuppressed = ({ suppressed }: Analysis) => (suppressed.length > 0 ? { suppressed } : {});
const presentScreen = ({ screenIdle, screenBlank }: Analysis) => ({ screen: { idle: screenIdle, blank: screenBlank } });

/** What the documented API does not know: a recording that came in chunks. */
const presentChunked = (recording: Recording) => ({
  complete: isComplete(recording),
  ...(recording.startedAt && { startedAt: recording.startedAt }),
  ...(recording.spans !== null && { spans: spansOfRecording(recording) }),
});

export const presentRecording = (ctx: Context, recording: Recording & { analysis?: Analysis | null }) => ({
  id: recording.id,
  examId: recording.examId,
  userId: recording.userId,
  type: lower(recording.type),
  duration: recording.duration,
  size: Number(recording.size),
  format: recording.format,
  createdAt: recording.createdAt,
  url: downloadUrl(ctx, recording.id),
  status: lower(recording.status),
  ...(recording.live && { live: true as const }),
  ...(!recording.closed && { nextChunk: recording.nextChunk }),
  ...((recording.lastChunkAt !== null || recording.expectedChunks !== null) && presentChunked(recording)),
  ...(recording.error && { error: recording.error }),
  ...(recording.note && { note: recording.note }),
  ...(recording.analysis && {
    analysis:
      recording.type === 'SCREEN'
        ? presentScreen(recording.analysis)
        : { ...presentFaces(recording.analysis), ...presentActivity(recording.analysis), ...presentSuppressed(recording.analysis) },
  }),
});

export const presentVerification = ({ verified, confidence, matchScore, faceDetected, warnings, id }: Verification) => ({
  verified,
  confidence,
  matchScore,
  faceDetected,
  warnings,
  id,
});
