import type {
  Contest,
  IdentityPhoto,
  Message,
  Participant,
  Recording,
  TimeCredit,
  Verdict,
  Warning,
} from '../../generated/prisma/client.ts';
import type { NewEvent } from './exam-state.ts';

/** A table's columns with their types, and how a row fills them. */
export interface Columns<Row> {
  name: string;
  into: string;
  columns: readonly (readonly [column: string, type: string, value: (row: Row) => unknown])[];
}

export const column = <Row>(name: keyof Row & string, type: string) => [name, type, (row: Row) => row[name]] as const;

export const WARNING: Columns<Warning> = {
  name: 'add-warnings',
  into: 'Warning',
  columns: [
    column('id', 'text'),
    column('examId', 'text'),
    column('seq', 'bigint'),
    column('participantId', 'text'),
    column('userId', 'text'),
    column('type', 'text'),
    column('severity', '"WarningSeverity"'),
    column('source', '"WarningSource"'),
    column('timestamp', 'timestamptz'),
    column('recordedAt', 'timestamptz'),
    column('details', 'text'),
    column('clientEventId', 'text'),
  ],
};

export const TIME_CREDIT: Columns<TimeCredit> = {
  name: 'add-time-credits',
  into: 'TimeCredit',
  columns: [
    column('id', 'text'),
    column('participantId', 'text'),
    column('ms', 'int'),
    column('reason', 'text'),
    column('by', 'text'),
    column('at', 'timestamptz'),
  ],
};

export const MESSAGE: Columns<Message> = {
  name: 'add-messages',
  into: 'Message',
  columns: [
    column('id', 'text'),
    column('examId', 'text'),
    column('seq', 'bigint'),
    column('participantId', 'text'),
    column('userId', 'text'),
    column('from', '"MessageSender"'),
    column('by', 'text'),
    column('text', 'text'),
    column('sentAt', 'timestamptz'),
  ],
};

export const IDENTITY_PHOTO: Columns<IdentityPhoto> = {
  name: 'add-identity-photos',
  into: 'IdentityPhoto',
  columns: [
    column('participantId', 'text'),
    column('storageKey', 'text'),
    column('size', 'bigint'),
    column('sha256', 'text'),
    column('createdAt', 'timestamptz'),
    column('expiresAt', 'timestamptz'),
  ],
};

export const VERDICT: Columns<Verdict> = {
  name: 'add-verdicts',
  into: 'Verdict',
  columns: [
    column('id', 'text'),
    column('participantId', 'text'),
    column('seq', 'bigint'),
    column('status', '"ReviewStatus"'),
    column('reason', 'text'),
    column('by', 'text'),
    column('reviewer', 'text'),
    column('final', 'bool'),
    column('at', 'timestamptz'),
  ],
};

export const ANSWER: Columns<Contest>['columns'] = [
  column('answer', 'text'),
  column('answeredBy', 'text'),
  column('answeredAt', 'timestamptz'),
];

export const CONTEST: Columns<Contest> = {
  name: 'set-contests',
  into: 'Contest',
  columns: [column('participantId', 'text'), column('text', 'text'), column('at', 'timestamptz'), ...ANSWER],
};

/** What a write may change of a warning. */
export const REVIEW: Columns<Warning>['columns'] = [
  column('reviewDecision', '"WarningDecision"'),
  column('reviewReason', 'text'),
  column('reviewBy', 'text'),
  column('reviewAt', 'timestamptz'),
];

/** What a write may change of a participant. A sign of life is written without the exam's lock: the later one counts. */
export const CHANGES: Columns<Participant>['columns'] = [
  column('name', 'text'),
  column('status', '"ParticipantStatus"'),
  column('joinedAt', 'timestamptz'),
  column('lastSeenAt', 'timestamptz'),
  column('extraMinutes', 'int'),
  column('creditMs', 'int'),
  column('offlineSince', 'timestamptz'),
  column('outageMs', 'int'),
  column('outageCreditMs', 'int'),
  column('coveredUntil', 'timestamptz'),
  column('readmittedAt', 'timestamptz'),
  column('seatOpen', 'bool'),
  column('handRaisedAt', 'timestamptz'),
  column('handText', 'text'),
  column('noticeVersion', 'text'),
  column('noticeAcceptedAt', 'timestamptz'),
  ['device', 'jsonb', ({ device }) => device && JSON.stringify(device)],
  column('group', 'text'),
  column('startedAt', 'timestamptz'),
  column('endsAt', 'timestamptz'),
  column('remainingMs', 'int'),
  column('review', '"ReviewStatus"'),
  column('warningCount', 'int'),
];

export const PARTICIPANT: Columns<Participant> = {
  name: 'add-participants',
  into: 'Participant',
  columns: [column('id', 'text'), column('examId', 'text'), column('userId', 'text'), column('createdAt', 'timestamptz'), ...CHANGES],
};

export const EVENT: Columns<NewEvent> = {
  name: 'add-events',
  into: 'Event',
  columns: [
    column('examId', 'text'),
    column('seq', 'bigint'),
    column('kind', '"EventKind"'),
    column('subjectId', 'text'),
    column('userId', 'text'),
    ['data', 'jsonb', ({ data }) => data && JSON.stringify(data)],
    column('at', 'timestamptz'),
  ],
};

export const RECORDING: Columns<Recording> = {
  name: 'add-recordings',
  into: 'Recording',
  columns: [
    column('id', 'text'),
    column('examId', 'text'),
    column('participantId', 'text'),
    column('userId', 'text'),
    column('submissionId', 'text'),
    column('type', '"RecordingType"'),
    column('duration', 'float8'),
    column('note', 'text'),
    column('size', 'bigint'),
    column('format', 'text'),
    column('sha256', 'text'),
    column('storageKey', 'text'),
    column('uploadId', 'text'),
    column('stage', '"RecordingStage"'),
    column('live', 'bool'),
    column('closed', 'bool'),
    column('createdAt', 'timestamptz'),
  ],
};
