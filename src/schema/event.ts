import { watchExam } from '../resolvers/events.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { builder } from './builder.ts';
import { Exam } from './exam.ts';
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
} as const;

const ExamEvent = builder.interfaceRef<LogEvent>('ExamEvent').implement({
  description: "An entry of the exam's log.",
  fields: (t) => ({
    seq: t.field({ type: 'SafeInt', resolve: ({ seq }) => Number(seq) }),
    at: t.expose('at', { type: 'DateTime' }),
  }),
  resolveType: ({ kind }) => TYPES[kind],
});

type WarningEvent = EventOf<'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED'>;

builder.objectRef<WarningEvent>('WarningAdded').implement({
  interfaces: [ExamEvent],
  fields: (t) => ({ warning: t.field({ type: Warning, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<WarningEvent>('WarningReviewed').implement({
  interfaces: [ExamEvent],
  fields: (t) => ({ warning: t.field({ type: Warning, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<WarningEvent>('WarningUpdated').implement({
  interfaces: [ExamEvent],
  description: 'The episode behind a warning has ended, or its recording has become available.',
  fields: (t) => ({ warning: t.field({ type: Warning, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<EventOf<'PARTICIPANT_CHANGED'>>('ParticipantChanged').implement({
  interfaces: [ExamEvent],
  fields: (t) => ({ participant: t.field({ type: Participant, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<EventOf<'EXAM_CHANGED'>>('ExamChanged').implement({
  interfaces: [ExamEvent],
  fields: (t) => ({ exam: t.field({ type: Exam, resolve: ({ subject }) => subject }) }),
});
builder.objectRef<EventOf<'RECORDING_CHANGED'>>('RecordingChanged').implement({
  interfaces: [ExamEvent],
  fields: (t) => ({ recording: t.field({ type: Recording, resolve: ({ subject }) => subject }) }),
});

builder.subscriptionField('examEvents', (t) =>
  t.field({
    type: ExamEvent,
    authScopes: { viewer: true },
    description: 'With `after`: replays the events after that position, then continues live; in order, no gaps, no repeats.',
    args: { examId: t.arg.id({ required: true }), after: t.arg({ type: 'SafeInt' }) },
    subscribe: (_root, { examId, after }, ctx) => watchExam(ctx, examId, after),
    resolve: (event) => event,
  }),
);
