import type { Context } from '../src/context.ts';
import { inMinutes } from '../src/resolvers/reports.ts';
import { signedFrameUrl } from '../src/resolvers/warning-frames.ts';
import type { ExamReport, ReportRow } from '../src/services/reports/exam-report.ts';
import type { ParticipantReport } from '../src/services/reports/participant-report.ts';
import { lower } from './present.ts';

/** Converts reports to JSON, in which enum values are lower case and times are seconds or minutes. */

const presentRow = ({ creditMs, outageMs, status, review, verdict, ...row }: ReportRow) => ({
  ...row,
  status: lower(status),
  creditedMinutes: inMinutes(creditMs),
  outageSeconds: Math.round(outageMs / 1_000),
  review: lower(review),
  verdict: verdict && { ...verdict, status: lower(verdict.status) },
});

export const presentExamReport = ({ exam, generatedAt, participants }: ExamReport) => ({
  exam,
  generatedAt,
  participants: participants.map(presentRow),
});

export async function presentParticipantReport(ctx: Context, { participant, evidence, warningsTruncated, generatedAt }: ParticipantReport) {
  const { exam, verdicts, contest, warnings, recordings, timeCredits, accommodations, submissions, verifications } = participant;
  const { userId, name, group, status, joinedAt, startedAt, extraMinutes, creditMs, outageMs, review, noticeAcceptedAt } = participant;
  return {
    exam,
    generatedAt,
    participant: {
      ...{ userId, name, group, status: lower(status), joinedAt, startedAt, extraMinutes, noticeAcceptedAt, review: lower(review) },
      creditedMinutes: inMinutes(creditMs),
      outageSeconds: Math.round(outageMs / 1_000),
    },
    timeCredits: timeCredits.map(({ ms, reason, by, at }) => ({ minutes: inMinutes(ms), reason, by, at })),
    accommodations: accommodations.map(({ type, reason, by, at }) => ({ type, reason, by, at })),
    submissions,
    verifications: verifications.map(({ id, verified, confidence, warnings: why, createdAt }) => ({
      id,
      verified,
      confidence,
      warnings: why,
      at: createdAt,
    })),
    evidence: evidence.map(({ type, ...track }) => ({ type: lower(type), ...track })),
    recordings: recordings.map(({ id, type, status: state, duration, size, sha256, note }) => ({
      id,
      type: lower(type),
      status: lower(state),
      duration,
      size: Number(size),
      sha256,
      note,
    })),
    warnings: await Promise.all(
      warnings.map(async (warning) => {
        const { id, seq, type, severity, source, timestamp, endedAt, details, confidence, recordingId, offsetSeconds } = warning;
        const { reviewDecision, reviewReason, reviewBy, reviewAt } = warning;
        return {
          id,
          seq: Number(seq),
          type,
          severity: lower(severity),
          source: lower(source),
          timestamp,
          endedAt,
          details,
          confidence,
          recordingId,
          offsetSeconds,
          frameUrl: await signedFrameUrl(ctx, warning),
          review:
            reviewDecision && reviewAt ? { decision: lower(reviewDecision), reason: reviewReason, by: reviewBy ?? '', at: reviewAt } : null,
        };
      }),
    ),
    warningsTruncated,
    verdicts: verdicts.map(({ status: verdict, reason, by, at, final }) => ({ status: lower(verdict), reason, by, at, final })),
    contest: contest && {
      ...{ text: contest.text, at: contest.at, answer: contest.answer, answeredBy: contest.answeredBy, answeredAt: contest.answeredAt },
    },
  };
}
