import { watchPulse } from '../resolvers/pulse.ts';
import type { ExamPulse as Pulse } from '../services/pulse/pulses.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';

const ParticipantPulse = builder.objectRef<Pulse['participants'][number]>('ParticipantPulse').implement({
  description: 'What was heard last of a participant who is in the exam.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: "The LMS's own id." }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', nullable: true, description: 'The last sign of life.' }),
    snapshotAt: t.expose('snapshotAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When `Participant.latestSnapshot` was taken; null if there is none.',
    }),
    webcamChunkAt: t.expose('webcamChunkAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last chunk of a webcam recording arrived; null before the first.',
    }),
    screenChunkAt: t.expose('screenChunkAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last chunk of a screen recording arrived; null before the first.',
    }),
    outageSeconds: t.exposeInt('outageSeconds', {
      description: 'Seconds of measured outages, with the present one, that were not credited: what `addTime` could give back.',
    }),
    step: t.exposeString('step', {
      nullable: true,
      description: 'As `Participant.checkInStep`: where it is stuck, if it is; null for one who is not CHECKING_IN.',
    }),
  }),
});

const ExamPulse = builder.objectRef<Pulse>('ExamPulse').implement({
  description: 'What is true of an exam now.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: "When, by the database's clock." }),
    lastSeq: t.field({
      type: 'SafeInt',
      description: 'Position of the newest event: a console whose `examEvents` stays behind it for long has a broken connection.',
      resolve: ({ lastSeq }) => lastSeq,
    }),
    online: t.exposeInt('online', { description: 'Participants who are in the exam and not missing.' }),
    missing: t.exposeInt('missing', { description: 'Participants who are in the exam, but nothing is heard of their client.' }),
    snapshotsPerSecond: t.exposeFloat('snapshotsPerSecond', {
      description:
        'Snapshots of this exam that arrived at the server that you are connected to: mean of the last ten seconds. With several servers each counts its own.',
    }),
    lookedAtPerSecond: t.exposeFloat('lookedAtPerSecond', {
      description: 'Of these, the ones that were analysed; fewer if the server is busy, then some of everybody are skipped.',
    }),
    participants: t.expose('participants', {
      type: [ParticipantPulse],
      description: 'Those who are in the exam: from CHECKING_IN to DISCONNECTED, without those who have not come or have left.',
    }),
  }),
});

builder.subscriptionField('examPulse', (t) =>
  t.field({
    type: ExamPulse,
    authScopes: { staff: true },
    description:
      'What is true of the exam now: at once, then every five seconds, until the exam is deleted. Not in the log and without a cursor; a slow client misses some. Staff only.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    subscribe: (_root, { examId }, ctx) => watchPulse(ctx, examId),
    resolve: (pulse) => pulse,
  }),
);
