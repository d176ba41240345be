import { examCounts, flaggedWork, warningCounts } from '../resolvers/counts.ts';
import type { ExamCounts, WarningCounts } from '../services/reads/counts.ts';
import type { Flagged } from '../services/reads/flagged.ts';
import { builder } from './builder.ts';
import { Exam } from './exam.ts';
import { Participant, ParticipantStatusEnum } from './participant.ts';

const WarningCountsType = builder.objectRef<WarningCounts>('WarningCounts').implement({
  description: 'How many warnings there are, also dismissed ones, by severity.',
  fields: (t) => ({
    info: t.exposeInt('info', { description: 'INFO: they say nothing against the candidate.' }),
    low: t.exposeInt('low', { description: 'LOW.' }),
    medium: t.exposeInt('medium', { description: 'MEDIUM.' }),
    high: t.exposeInt('high', { description: 'HIGH.' }),
    critical: t.exposeInt('critical', { description: 'CRITICAL.' }),
    unreviewed: t.exposeInt('unreviewed', { description: 'Those of LOW and above on which nobody has decided.' }),
    unreviewedCritical: t.exposeInt('unreviewedCritical', { description: 'Those of them that are CRITICAL.' }),
    newestSeq: t.expose('newestSeq', {
      type: 'SafeInt',
      description: 'Position (`Warning.seq`) of the newest one that is counted, 0 without warnings: add those after it to stay right.',
    }),
  }),
});

const StatusCount = builder.objectRef<ExamCounts['participants'][number]>('StatusCount').implement({
  description: 'How many participants have a status.',
  fields: (t) => ({
    status: t.expose('status', { type: ParticipantStatusEnum, description: 'The status.' }),
    count: t.exposeInt('count', { description: 'How many have it.' }),
  }),
});

const FlaggedType = builder.objectRef<Flagged>('Flagged').implement({
  description: 'What is left to look at in recordings: their unreviewed warnings of LOW and above.',
  fields: (t) => ({
    recordings: t.exposeInt('recordings', { description: 'Recordings with such a warning.' }),
    seconds: t.exposeInt('seconds', {
      description:
        'Seconds of these recordings in which there is such a warning: what several say of the same moment counts once (the union), and a warning of a moment, or one that goes on, counts as ten.',
    }),
  }),
});

const ExamCountsType = builder.objectRef<ExamCounts & { examId: string }>('ExamCounts').implement({
  description: 'What a console shows of an exam at a glance, all of one moment.',
  fields: (t) => ({
    participants: t.expose('participants', {
      type: [StatusCount],
      description: 'Participants by status; without statuses that nobody has.',
    }),
    warnings: t.expose('warnings', { type: WarningCountsType, description: 'All warnings of the exam.' }),
    handsRaised: t.exposeInt('handsRaised', { description: 'Participants whose hand is raised.' }),
    contested: t.exposeInt('contested', { description: 'Participants whose review is CONTESTED.' }),
    flagged: t.field({
      type: FlaggedType,
      description: 'What is left to look at in the recordings; read a moment after the other numbers.',
      resolve: (counts, _args, ctx) => flaggedWork(ctx, counts),
    }),
  }),
});

builder.objectFields(Exam, (t) => ({
  counts: t.field({
    type: ExamCountsType,
    authScopes: { staff: true },
    description: 'How many participants and warnings there are. Staff only: FORBIDDEN for others.',
    resolve: (exam, _args, ctx) => examCounts(ctx, exam),
  }),
}));

builder.prismaObjectFields(Participant, (t) => ({
  warningCounts: t.field({
    type: WarningCountsType,
    description: 'The warnings about the participant, by severity.',
    resolve: (participant, _args, ctx) => warningCounts(ctx, participant),
  }),
}));
