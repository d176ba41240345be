import { type Change, changeOf } from '../resolvers/changes.ts';
import { watchExam } from '../resolvers/events.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { builder } from './builder.ts';
import { AFTER, AFTER_AT, CURRENT_STATE, DECIDED_BY, EXAM_ID } from './descriptions.ts';
import { Exam } from './exam.ts';
import { Message } from './message.ts';
import { Participant } from './participant.ts';
import { Recording } from './recording.ts';
import { Warning } from './warning.ts';

type EventOf<K extends LogEvent['kind']> = Extract<LogEvent, { kind: K }>;

const TYPES = {
  WARNING_ADDED: 'WarningAdded',
  WARNING_REVIEWED: 'WarningReviewed',
  WARNING_UPDATED: 'WarningUpdated',
  PARTICIPANT_CHANGED: 'ParticipantChanged',
  EXAM_CHANGED: 'ExamChanged',
  RECORDING_CHANGED: 'RecordingChanged',
  MESSAGE_SENT: 'MessageSent',
  MESSAGE_READ: 'MessageRead',
} as const;

const ExamEvent = builder.interfaceRef<LogEvent>('ExamEvent').implement({
  description: `An entry of the exam's log. ${CURRENT_STATE}`,
  fields: (t) => ({
    seq: t.field({
      type: 'SafeInt',
      description:
        'Position in the log: continue with it as `after`. It always rises; a position is missing if its event is not for you or its object was deleted.',
      resolve: ({ seq }) => Number(seq),
    }),
    at: t.expose('at', { type: 'DateTime', description: "When the change was stored, by the server's clock." }),
  }),
  resolveType: ({ kind }) => TYPES[kind],
});

const ChangeType = builder.objectRef<Change>('Change').implement({
  description: 'What an event changed, as it was then: objects show the state of now.',
  fields: (t) => ({
    what: t.exposeString('what', {
      description:
        '`status`, `review`, `decision` (CONFIRMED, DISMISSED, or null for none, about a warning), `time` (minutes added so far), `online`, `hand` (`up` or `down`, with what it is for as the reason), `seat`, `notice` (the version accepted), `snapshot` (somebody asked for a picture now), a column of the exam or `settings.…` with JSON, `share` (who watches a group, which is the reason; staff only), or `accommodations`, in which `from` are the types that are warned of again and `to` those that are not any more.',
    }),
    from: t.exposeString('from', {
      nullable: true,
      description: 'The value before; null if there was none, and of `contentUrl` for candidates.',
    }),
    to: t.exposeString('to', { nullable: true, description: 'The value after; null of `contentUrl` for candidates.' }),
    by: t.exposeString('by', { nullable: true, description: `Null for what nobody decided, such as a submission. ${DECIDED_BY}` }),
    reason: t.exposeString('reason', {
      nullable: true,
      description:
        'Why, if a reason was given. Participants do not read that of a review or of a decision about a warning; proctors neither this nor `by` of a verdict that waited for a second person.',
    }),
  }),
});

const change = { type: ChangeType, nullable: true, description: 'What changed, from what to what.' } as const;

type WarningEvent = EventOf<'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED'>;

const warning = { type: Warning, description: 'The warning in its present state.' } as const;

builder.objectRef<WarningEvent>('WarningAdded').implement({
  interfaces: [ExamEvent],
  description: 'A warning was raised or reported.',
  fields: (t) => ({ warning: t.field({ ...warning, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<WarningEvent>('WarningReviewed').implement({
  interfaces: [ExamEvent],
  description: 'A person decided on a warning, changed that decision, or took it back.',
  fields: (t) => ({
    warning: t.field({ ...warning, resolve: ({ subject }) => subject }),
    change: t.field({ ...change, resolve: (event, _args, ctx) => changeOf(ctx, event) }),
  }),
});
builder.objectRef<WarningEvent>('WarningUpdated').implement({
  interfaces: [ExamEvent],
  description:
    'The episode behind a warning has ended (`endedAt`; `details` and `confidence` now describe all of it) or goes on after all (`endedAt` is null again), or its place in a recording has become known (`recording`, `offsetSeconds`).',
  fields: (t) => ({ warning: t.field({ ...warning, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<EventOf<'PARTICIPANT_CHANGED'>>('ParticipantChanged').implement({
  interfaces: [ExamEvent],
  description:
    'A participant was added, joined, submitted, changed status, was reviewed, or was given other accommodations. Not for heartbeats, nor for a name or extra minutes that an invitation changes.',
  fields: (t) => ({
    participant: t.field({ type: Participant, description: 'The participant in its present state.', resolve: ({ subject }) => subject }),
    change: t.field({ ...change, resolve: (event, _args, ctx) => changeOf(ctx, event) }),
  }),
});
builder.objectRef<EventOf<'EXAM_CHANGED'>>('ExamChanged').implement({
  interfaces: [ExamEvent],
  description:
    'The exam was started, ended, cancelled or changed, or staff shared the watching among themselves. Every participant gets this event, but for the shares of staff.',
  fields: (t) => ({
    exam: t.field({ type: Exam, description: 'The exam in its present state.', resolve: ({ subject }) => subject }),
    change: t.field({ ...change, resolve: (event, _args, ctx) => changeOf(ctx, event) }),
  }),
});
builder.objectRef<EventOf<'RECORDING_CHANGED'>>('RecordingChanged').implement({
  interfaces: [ExamEvent],
  description:
    'A recording was stored or begun, changed status, or, sent in chunks, became one file. Its progress is no event: see `recordingProgress`.',
  fields: (t) => ({
    recording: t.field({ type: Recording, description: 'The recording in its present state.', resolve: ({ subject }) => subject }),
    change: t.field({ ...change, resolve: (event, _args, ctx) => changeOf(ctx, event) }),
  }),
});

type MessageEvent = EventOf<'MESSAGE_SENT' | 'MESSAGE_READ'>;

const message = { type: Message, description: 'The message in its present state.' } as const;

builder.objectRef<MessageEvent>('MessageSent').implement({
  interfaces: [ExamEvent],
  description: 'Staff or a candidate wrote. Candidates get what is to or from them, and what is to everybody.',
  fields: (t) => ({ message: t.field({ ...message, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<MessageEvent>('MessageRead').implement({
  interfaces: [ExamEvent],
  description: 'The other side read a message. Not for messages to everybody: `Message.readCount`.',
  fields: (t) => ({ message: t.field({ ...message, resolve: ({ subject }) => subject }) }),
});

builder.subscriptionField('examEvents', (t) =>
  t.field({
    type: ExamEvent,
    authScopes: { viewer: true },
    description: `Everything that happens in the exam. With \`after\`: replays the events after that position, then continues live; in order, no gaps, no repeats. Participants get what concerns them and the changes of the exam. ${CURRENT_STATE}`,
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      after: t.arg({ type: 'SafeInt', description: AFTER }),
      afterAt: t.arg({ type: 'DateTime', description: AFTER_AT }),
    },
    subscribe: (_root, args, ctx) => watchExam(ctx, args),
    resolve: (event) => event,
  }),
);
