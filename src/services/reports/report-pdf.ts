import type { Block, PdfScript } from '../../adapters/pdf/script.ts';
import type { Warning } from '../../generated/prisma/client.ts';
import { verdictOf } from '../identity/face-match.ts';
import { inMinutes } from '../participants/time.ts';
import type { ParticipantReport } from './participant-report.ts';

/** Pictures of warnings in one report, the most serious first. */
export const MOST_PICTURES = 60;

const time = (date: Date | null) => (date ? `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC` : '–');
const words = (name: string) => name.toLowerCase().replaceAll('_', ' ');
const minutes = (ms: number) => `${inMinutes(ms)} min`;
const percent = (share: number) => `${Math.round(share * 100)} %`;

function inClock(seconds: number): string {
  const parts = [seconds / 3_600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, '0'));
  return parts.join(':');
}

/**
 * Controls, but for line ends, and what overrides the direction of writing: a candidate's name would change the order of what the
 * report says after it. Scripts from right to left need none of them.
 */
const UNSEEN = /(?![\n\r])[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;
const visible = (value: string) => value.replaceAll('\t', ' ').replaceAll(UNSEEN, '\u25A1');

const heading = (value: string): Block => ({ kind: 'heading', text: visible(value) });
const text = (value: string): Block => ({ kind: 'text', text: visible(value) });
const strong = (value: string): Block => ({ kind: 'strong', text: visible(value) });
const small = (value: string): Block => ({ kind: 'small', text: visible(value) });
const fact = (name: string, value: string): Block => ({ kind: 'fact', name, value: visible(value) });
const RULE: Block = { kind: 'rule' };

function identity({ participant }: ParticipantReport): Block[] {
  const { userId, name, group, status, joinedAt, startedAt, extraMinutes, creditMs, outageMs, submissions, noticeAcceptedAt } = participant;
  return [
    heading('Participant'),
    fact('User', userId),
    ...(name ? [fact('Name', name)] : []),
    ...(group ? [fact('Group', group)] : []),
    fact('Status', words(status)),
    fact('Joined', time(joinedAt)),
    fact('Time began', time(startedAt)),
    fact('Time allowed', `${participant.exam.duration + extraMinutes} min, and ${minutes(creditMs)} added`),
    fact('Offline', minutes(outageMs)),
    fact('Notice accepted', time(noticeAcceptedAt)),
    ...submissions.map(({ id, submittedAt }) => fact('Submitted', `${time(submittedAt)} (${id})`)),
    ...participant.timeCredits.map(({ ms, reason, by, at }) => fact('Time added', `${minutes(ms)} by ${by}, ${time(at)}: ${reason}`)),
    ...participant.accommodations.map(({ type, reason, by }) =>
      fact('Accommodation', `${words(type)} is not warned of (${by}: ${reason})`),
    ),
    ...participant.verifications.map((verification) =>
      fact('Face compared', `${verdictOf(verification)}, ${percent(verification.confidence)}, ${time(verification.createdAt)}`),
    ),
  ];
}

function decisions({ participant: { review, verdicts, contest } }: ParticipantReport): Block[] {
  return [
    heading('What people decided'),
    fact('Review', words(review)),
    ...verdicts.map(({ status, reason, by, at, final }) =>
      fact(time(at), `${by}: ${words(status)}${reason ? ` – ${reason}` : ''}${final ? '' : ' (not final)'}`),
    ),
    ...(contest
      ? [
          fact('Candidate objects', `${time(contest.at)}: ${contest.text}`),
          fact('Answer', contest.answer ? `${contest.answeredBy ?? ''}, ${time(contest.answeredAt)}: ${contest.answer}` : 'not yet'),
        ]
      : []),
  ];
}

function evidenceOf({ evidence, participant: { recordings } }: ParticipantReport): Block[] {
  return [
    heading('Evidence'),
    ...evidence.flatMap(({ type, receivedSeconds, expectedSeconds, gaps }) => [
      fact(
        type === 'WEBCAM' ? 'Camera' : 'Screen',
        `${inClock(receivedSeconds)} of ${inClock(expectedSeconds)}${expectedSeconds > 0 ? ` (${percent(receivedSeconds / expectedSeconds)})` : ''}`,
      ),
      ...gaps.map(({ from, to, cause }) => fact('', `missing ${time(from)} to ${to ? time(to) : 'now'}: ${words(cause)}`)),
    ]),
    ...recordings.map(({ id, type, status, duration, sha256, note }) =>
      fact(
        `Recording, ${words(type)}`,
        `${id}, ${words(status)}${duration === null ? '' : `, ${inClock(duration)}`}${sha256 ? `, SHA-256 ${sha256}` : ''}${note ? `. ${note}` : ''}`,
      ),
    ),
  ];
}

function warningBlock(warning: Warning, picture: Uint8Array | undefined): Block {
  const { timestamp, endedAt, type, severity, source, details, confidence, recordingId, offsetSeconds } = warning;
  const where = recordingId && offsetSeconds !== null ? ` · at ${inClock(offsetSeconds)} of ${recordingId}` : '';
  const { reviewDecision, reviewBy, reviewReason, reviewAt } = warning;
  const blocks: Block[] = [
    RULE,
    strong(`${words(type)} · ${words(severity)}`),
    small(
      `${time(timestamp)}${endedAt ? ` to ${time(endedAt)}` : ''} · ${words(source)}${confidence === null ? '' : ` · detector’s score ${percent(confidence)}`}${where}`,
    ),
    ...(details ? [text(details)] : []),
    ...(picture ? [{ kind: 'picture', image: picture, description: `The picture at the warning: ${words(type)}` } as const] : []),
    small(
      reviewDecision
        ? `${words(reviewDecision)} by ${reviewBy ?? ''}, ${time(reviewAt)}${reviewReason ? `: ${reviewReason}` : ''}`
        : 'Nobody has decided about it.',
    ),
  ];
  return { kind: 'together', blocks };
}

/**
 * The report of one participant as a document, for people who decide.
 * @param pictures of warnings, by id: encoded JPEGs
 * @param hasMorePictures whether some were left out
 */
export function toPdfScript(
  report: ParticipantReport,
  { pictures, hasMorePictures }: { pictures: ReadonlyMap<string, Uint8Array>; hasMorePictures: boolean },
): PdfScript {
  const { participant, generatedAt, warningsTruncated } = report;
  const { exam, warnings } = participant;
  const who = participant.name ?? participant.userId;
  const [first = text('None.'), ...rest] = warnings.map((warning) => warningBlock(warning, pictures.get(warning.id)));
  return {
    title: visible(`${exam.title}: ${who}`),
    footer: visible(`${exam.title} · ${participant.userId} · ${time(generatedAt)}`),
    createdAt: generatedAt,
    blocks: [
      { kind: 'title', text: visible(exam.title) },
      text(`Report about ${who}, made ${time(generatedAt)}.`),
      small('Software points out what it noticed. It can be wrong: what it means is for people to decide, and the candidate can object.'),
      ...identity(report),
      ...decisions(report),
      ...evidenceOf(report),
      {
        kind: 'together',
        blocks: [
          heading(`Warnings (${participant.warningCount})`),
          ...(warningsTruncated ? [small(`Only the first ${warnings.length} are listed.`)] : []),
          ...(hasMorePictures ? [small(`Only the ${MOST_PICTURES} most serious have their picture here.`)] : []),
          first,
        ],
      },
      ...rest,
    ],
  };
}
