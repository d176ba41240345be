import { WarningDecision, WarningSeverity, WarningSource } from '../generated/prisma/enums.ts';
import { isVisibleToCandidate, type ShownReview, shownReview } from '../resolvers/candidate-view.ts';
import { watchWarnings } from '../resolvers/events.ts';
import { signedFrameUrl } from '../resolvers/warning-frames.ts';
import { reportWarnings, timesOf, warningTypes } from '../resolvers/warnings.ts';
import { builder, type Described } from './builder.ts';
import { AFTER, AFTER_AT, AT_LEAST, CURRENT_STATE, DECIDED_BY, EXAM_ID, ONLY_USER, SIGNED, USER_ID } from './descriptions.ts';
import { Node } from './node.ts';

export const WarningSeverityEnum = builder.enumType(WarningSeverity, {
  name: 'WarningSeverity',
  description:
    'How serious a type of warning is, from the least to the most. It follows from the type (`warningTypes`); findings of the analysis that a client reports are at most MEDIUM.',
  values: {
    INFO: { description: 'A circumstance, such as a lost connection. It says nothing against the candidate.' },
    LOW: { description: 'Mostly harmless alone, such as a look away.' },
    MEDIUM: { description: 'Worth a look, such as another tab. Also every type that `warningTypes` does not list.' },
    HIGH: { description: 'Look at it soon, such as a phone or a second face.' },
    CRITICAL: { description: 'Look at it at once, such as a face other than the verified one.' },
  } satisfies Described<WarningSeverity>,
});
export const WarningSourceEnum = builder.enumType(WarningSource, {
  name: 'WarningSource',
  description: 'Who raised a warning.',
  values: {
    CLIENT: { description: "The candidate's client or the LMS reported it. The server cannot check it." },
    ANALYSIS: { description: 'The analysis found it, in a recording or in snapshots.' },
    PROCTOR: { description: 'A proctor reported it.' },
    SYSTEM: { description: 'The server itself: a part of the evidence is missing (`evidence_gap`).' },
  } satisfies Described<WarningSource>,
});
export const WarningDecisionEnum = builder.enumType(WarningDecision, {
  name: 'WarningDecision',
  description: 'What a person decided about a warning.',
  values: {
    CONFIRMED: { description: 'It shows what it says.' },
    DISMISSED: { description: 'It is wrong or harmless. Needs a reason.' },
  } satisfies Described<WarningDecision>,
});

const WarningReview = builder.objectRef<ShownReview>('WarningReview').implement({
  description: 'The latest decision about a warning.',
  fields: (t) => ({
    decision: t.expose('decision', { type: WarningDecisionEnum, description: 'What was decided.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why; the participant can read it. Never null if DISMISSED.' }),
    by: t.exposeString('by', { description: DECIDED_BY }),
    at: t.expose('at', { type: 'DateTime', description: "When it was decided, by the server's clock." }),
  }),
});

// No `select` on fields of the row itself: with one, Pothos would read the row again for each event of a subscription.
export const Warning = builder.prismaObject('Warning', {
  interfaces: [Node],
  description: 'Something that a client, a person or the analysis saw. It accuses nobody: a person decides.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `warn_`.' }),
    seq: t.field({
      type: 'SafeInt',
      description:
        "Position in the exam's event log of the WarningAdded about it, which never changes; `after` for `warningAdded`. Later events about the warning have positions of their own.",
      resolve: ({ seq }) => Number(seq),
    }),
    examId: t.exposeID('examId', { description: EXAM_ID }),
    userId: t.exposeID('userId', {
      nullable: true,
      description: "The user whom it concerns, by the LMS's own id; null if it concerns no single user.",
    }),
    type: t.exposeString('type', { description: 'Slug, such as `tab_switch`. `warningTypes` lists the known ones; others are possible.' }),
    severity: t.expose('severity', { type: WarningSeverityEnum, description: 'How serious this type is.' }),
    source: t.expose('source', { type: WarningSourceEnum, description: 'Who raised it.' }),
    timestamp: t.field({
      type: 'DateTime',
      description:
        'When it happened or began: by the clock of the client, which may be wrong, or for a finding in a recording computed from the start of the recording, which is only known roughly (`offsetSeconds` is exact). `recordedAt` if no time is known.',
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
    details: t.exposeString('details', {
      nullable: true,
      description:
        'Text for people, as reported or in the words of the analysis. Text of a client may contain anything: show it as plain text.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description: 'Score of the detector, 0..1; null if no detector raised it. Neither a probability nor comparable between types.',
    }),
    participant: t.relation('participant', { nullable: true, description: 'The participant whom it concerns; null if it concerns none.' }),
    recording: t.relation('recording', {
      nullable: true,
      description:
        'The recording that shows it. Null for warnings of clients and proctors, and for those from snapshots until a recording that shows the same is analysed.',
    }),
    offsetSeconds: t.exposeFloat('offsetSeconds', {
      nullable: true,
      description: 'Where it begins in that recording, in seconds; null without one.',
    }),
    frameUrl: t.string({
      nullable: true,
      description: `Signed link to a JPEG of that moment: the snapshot that raised it, or a frame of its recording. Null if there is neither. ${SIGNED}`,
      resolve: (warning, _args, ctx) => signedFrameUrl(ctx, warning),
    }),
    review: t.field({
      type: WarningReview,
      nullable: true,
      description: 'What a person decided about it; null until then.',
      resolve: (warning, _args, ctx) => shownReview(ctx, warning),
    }),
    visibleToCandidate: t.boolean({
      description: 'Whether the candidate whom it concerns sees it now: by `ExamSettings.candidateView`.',
      resolve: (warning, _args, ctx) => isVisibleToCandidate(ctx, warning),
    }),
  }),
});

const WarningTypeInfo = builder.objectRef<ReturnType<typeof warningTypes>[number]>('WarningTypeInfo').implement({
  description: 'A type of warning that this server knows.',
  fields: (t) => ({
    type: t.exposeString('type', { description: 'Slug, as in `Warning.type`.' }),
    severity: t.expose('severity', { type: WarningSeverityEnum, description: 'Severity of its warnings.' }),
    description: t.exposeString('description', { description: 'What was seen, in a sentence for people.' }),
  }),
});

export const WarningInput = builder.inputType('WarningInput', {
  description: 'A warning to report.',
  fields: (t) => ({
    timestamp: t.field({ type: 'DateTime', description: "When it happened, by the reporter's clock; the time of storing if left out." }),
    type: t.string({
      required: true,
      description: 'Slug, 1 to 64 characters of [a-z0-9_]. Types that `warningTypes` does not list are stored as MEDIUM.',
    }),
    details: t.string({ description: 'Text for the proctor; cut at 2,000 characters, which its end then says.' }),
    clientEventId: t.string({
      description:
        "The reporter's own id for the event, at most 128 characters, not beginning with `invigil:`. A repeat for the same user is stored once; ids of proctors are apart from those of clients. Send it, to repeat a report whose answer was lost.",
    }),
  }),
});

builder.queryField('warningTypes', (t) =>
  t.field({
    type: [WarningTypeInfo],
    authScopes: { viewer: true },
    description: 'The types that clients and the analysis agree on, from the least to the most serious. Clients may report others.',
    resolve: () => warningTypes(),
  }),
);

builder.mutationFields((t) => ({
  reportWarnings: t.field({
    type: [Warning],
    authScopes: { viewer: true },
    description:
      "Stores what a client or a proctor saw, and returns one warning for each, in their order. A client's report of a type that is suppressed for the participant (`Participant.accommodations`) is not stored and missing from the answer. Participants only about themselves. A participant who had not come becomes ACTIVE, unless the exam is over. Emits WarningAdded for each that is new. CONFLICT in a cancelled exam.",
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ description: `${USER_ID} Required, but not with a participant's token, which already names the user.` }),
      warnings: t.arg({ type: [WarningInput], required: true, description: '1 to 100 warnings, oldest first.' }),
    },
    resolve: async (_root, { examId, ...report }, ctx) => (await reportWarnings(ctx, examId, report)).stored,
  }),
}));

builder.subscriptionField('warningAdded', (t) =>
  t.field({
    type: Warning,
    authScopes: { viewer: true },
    description: `Each new warning, once. With \`after\`: replays the warnings after that position, then continues live; in order, no gaps, no repeats. Participants get those about themselves, from when \`ExamSettings.candidateView\` shows them on; earlier ones are replayed to a new subscription. ${CURRENT_STATE} Later ends and reviews are not delivered: \`examEvents\` has them.`,
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      after: t.arg({ type: 'SafeInt', description: AFTER }),
      afterAt: t.arg({ type: 'DateTime', description: AFTER_AT }),
      userId: t.arg.id({ description: ONLY_USER }),
      minSeverity: t.arg({ type: WarningSeverityEnum, description: AT_LEAST }),
    },
    subscribe: (_root, args, ctx) => watchWarnings(ctx, args),
    resolve: ({ subject }) => subject,
  }),
);
