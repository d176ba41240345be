import { WarningDecision, WarningSeverity, WarningSource } from '../generated/prisma/enums.ts';
import { watchWarnings } from '../resolvers/events.ts';
import { shownName } from '../resolvers/policy.ts';
import { signedFrameUrl } from '../resolvers/warning-frames.ts';
import { reportWarnings, reviewWarning, timesOf, warningTypes } from '../resolvers/warnings.ts';
import { builder } from './builder.ts';
import { Node } from './node.ts';

export const WarningSeverityEnum = builder.enumType(WarningSeverity, { name: 'WarningSeverity' });
const WarningSourceEnum = builder.enumType(WarningSource, { name: 'WarningSource' });
const WarningDecisionEnum = builder.enumType(WarningDecision, { name: 'WarningDecision' });

interface Review {
  decision: WarningDecision;
  reason: string | null;
  by: string;
  at: Date;
}

const WarningReview = builder.objectRef<Review>('WarningReview').implement({
  fields: (t) => ({
    decision: t.expose('decision', { type: WarningDecisionEnum }),
    reason: t.exposeString('reason', { nullable: true }),
    by: t.exposeString('by'),
    at: t.expose('at', { type: 'DateTime' }),
  }),
});

// No `select` on fields of the row itself: with one, Pothos would read the row again for each event of a subscription.
export const Warning = builder.prismaObject('Warning', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    seq: t.field({
      type: 'SafeInt',
      description: "Position in the exam's event log; the cursor for every subscription.",
      resolve: ({ seq }) => Number(seq),
    }),
    examId: t.exposeID('examId'),
    userId: t.exposeID('userId', { nullable: true }),
    type: t.exposeString('type', { description: 'Slug.' }),
    severity: t.expose('severity', { type: WarningSeverityEnum }),
    source: t.expose('source', { type: WarningSourceEnum }),
    timestamp: t.field({
      type: 'DateTime',
      description: "When it happened, by the reporter's clock.",
      resolve: (warning) => timesOf(warning).timestamp,
    }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime', description: "When it became durable, by the server's clock." }),
    endedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the episode seen by a detector ended, by the same clock as `timestamp`; null while it continues, or if the warning has no duration.',
      resolve: (warning) => timesOf(warning).endedAt,
    }),
    details: t.exposeString('details', { nullable: true }),
    confidence: t.exposeFloat('confidence', { nullable: true, description: '0..1, if a detector raised it.' }),
    recording: t.relation('recording', { nullable: true }),
    offsetSeconds: t.exposeFloat('offsetSeconds', { nullable: true, description: 'Position in that recording.' }),
    frameUrl: t.string({
      nullable: true,
      description: 'Signed link to a JPEG of that moment; expires. Null if no picture exists.',
      resolve: (warning, _args, ctx) => signedFrameUrl(ctx, warning),
    }),
    review: t.field({
      type: WarningReview,
      nullable: true,
      resolve: ({ reviewDecision: decision, reviewReason: reason, reviewBy: by, reviewAt: at }, _args, ctx) =>
        decision && by && at ? { decision, reason, by: shownName(ctx, by), at } : null,
    }),
  }),
});

const WarningTypeInfo = builder.objectRef<ReturnType<typeof warningTypes>[number]>('WarningTypeInfo').implement({
  fields: (t) => ({
    type: t.exposeString('type'),
    severity: t.expose('severity', { type: WarningSeverityEnum }),
    description: t.exposeString('description'),
  }),
});

export const WarningInput = builder.inputType('WarningInput', {
  fields: (t) => ({
    timestamp: t.field({ type: 'DateTime' }),
    type: t.string({ required: true }),
    details: t.string(),
    clientEventId: t.string({ description: "The reporter's own id for the event: a repeat is stored once." }),
  }),
});

builder.queryField('warningTypes', (t) =>
  t.field({ type: [WarningTypeInfo], authScopes: { viewer: true }, resolve: () => warningTypes() }),
);

builder.mutationFields((t) => ({
  reportWarnings: t.field({
    type: [Warning],
    authScopes: { viewer: true },
    args: { examId: t.arg.id({ required: true }), userId: t.arg.id(), warnings: t.arg({ type: [WarningInput], required: true }) },
    resolve: (_root, { examId, ...report }, ctx) => reportWarnings(ctx, examId, report),
  }),
  reviewWarning: t.field({
    type: Warning,
    authScopes: { staff: true },
    args: {
      warningId: t.arg.id({ required: true }),
      decision: t.arg({ type: WarningDecisionEnum, required: true }),
      reason: t.arg.string(),
    },
    resolve: (_root, args, ctx) => reviewWarning(ctx, args),
  }),
}));

builder.subscriptionField('warningAdded', (t) =>
  t.field({
    type: Warning,
    authScopes: { viewer: true },
    description: 'With `after`: replays the warnings after that position, then continues live; in order, no gaps, no repeats.',
    args: {
      examId: t.arg.id({ required: true }),
      after: t.arg({ type: 'SafeInt' }),
      userId: t.arg.id(),
      minSeverity: t.arg({ type: WarningSeverityEnum }),
    },
    subscribe: (_root, args, ctx) => watchWarnings(ctx, args),
    resolve: ({ subject }) => subject,
  }),
);
