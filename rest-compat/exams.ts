import type { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { readJsonWithFiles } from '../src/http/bodies/base64-json.ts';
import { asJsonText, parseScanned } from '../src/http/bodies/json-text.ts';
import { refuseMisnamed } from '../src/http/bodies/misnamed.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import type { UploadedFile } from '../src/http/bodies/uploaded-file.ts';
import { cancelExam, createExam, endExam, listExams, readWholeExam, startExam, updateExam } from '../src/resolvers/exams.ts';
import { heartbeat, setAccommodations } from '../src/resolvers/participants.ts';
import { requireKnownExam, requireLms, requireStaffOf } from '../src/resolvers/policy.ts';
import { prepareSubmission, submitExam } from '../src/resolvers/submissions.ts';
import { listWarnings, reportWarnings } from '../src/resolvers/warnings.ts';
import { aiDetectionInput, createExamInput, settingsInput, type SettingsInput, updateExamInput } from '../src/services/exam-input.ts';
import { accommodationsInput } from '../src/services/participants/input.ts';
import { submitExamInput } from '../src/services/submission-input.ts';
import { reportWarningsInput } from '../src/services/warnings/input.ts';
import * as examAnswers from './answers/exams.ts';
import * as participantAnswers from './answers/participants.ts';
import * as submissionAnswers from './answers/submissions.ts';
import { FORM, isJson, isMultipart, JSON_BODY, NO_BODY, readJsonBody, video } from './bodies.ts';
import { nothing, ofExam, ofParticipant, pageOfExams, pageOfLog, submitter } from './params.ts';
import {
  presentAccommodations,
  presentExam,
  presentHeartbeat,
  presentLoggedWarning,
  presentParticipant,
  presentSubmission,
  presentWarning,
} from './present.ts';
import { type Body, type Call, get, patch, post, put, type Route } from './route.ts';

const MAX_FIELD_BYTES = 16 * 1024 * 1024;
/** Limit for a submission without its `stats`: 10,000 warnings have half as many members. */
const MAX_MEMBERS = 100_000;
const MAX_FIELDS = 32;

const SUBMIT_FIELDS = ['userId', 'stats', 'warnings'];
const RECORDINGS = ['webcam', 'screen'] as const;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Converts the documented settings for the resolvers: settings unknown to this server go into `extra`. */
const examSettings = settingsInput
  .omit({ extra: true })
  .extend({ aiDetection: aiDetectionInput.loose().nullish().meta({ description: 'The analysis of recordings and snapshots.' }) })
  .loose()
  .transform(({ aiDetection, ...settings }) => {
    const isKnown = ([name]: [string, unknown]) => name in settingsInput.shape && name !== 'extra';
    const known = Object.fromEntries(Object.entries(settings).filter(isKnown)) as SettingsInput;
    const extra = Object.fromEntries(Object.entries(settings).filter((setting) => !isKnown(setting)));
    if (!aiDetection) return { ...known, aiDetection, extra };
    const { enabled, sensitivity, ...unknownAi } = aiDetection;
    return {
      ...known,
      aiDetection: { enabled, sensitivity },
      extra: { ...extra, ...(Object.keys(unknownAi).length > 0 && { aiDetection: unknownAi }) },
    };
  });

const examBody = createExamInput.extend({
  settings: examSettings
    .nullish()
    .meta({ description: 'What is recorded and analysed; settings that this server does not know are kept.' }),
});

const examChanges = updateExamInput.extend({
  settings: examSettings.nullish().meta({ description: 'The settings to change; null gives one its default.' }),
});

const readWarningsField = (warnings: string | undefined): unknown =>
  warnings === undefined ? undefined : parseScanned(Buffer.from(warnings), { maxMembers: MAX_MEMBERS, field: 'warnings' });

const readStatsField = async (stats: string | undefined): Promise<unknown> =>
  stats === undefined ? undefined : asJsonText(stats, 'stats');

type SubmitCall = Call<z.output<typeof ofExam>, z.output<typeof submitter>>;
type SubmitBody = Body<'webcam' | 'screen'>;

async function readSubmitMultipart({ req, scope, ctx, path: { examId } }: SubmitCall): Promise<SubmitBody> {
  const limit = { maxBytes: ctx.config.MAX_SUBMIT_FILE_BYTES };
  const { fields, files } = await readMultipart(req, {
    scope,
    files: { webcam: limit, screen: limit },
    textFields: SUBMIT_FIELDS,
    refuseOtherFiles: true,
    maxFieldBytes: MAX_FIELD_BYTES,
    maxFields: MAX_FIELDS,
    async admit({ userId }) {
      if (userId !== undefined) await prepareSubmission(ctx, examId, userId);
    },
  });
  refuseMisnamed(Object.keys(fields), SUBMIT_FIELDS);
  const { userId, stats, warnings } = fields;
  return { fields: { userId, stats: await readStatsField(stats), warnings: readWarningsField(warnings) }, files };
}

async function readSubmitJson({ req, scope, ctx }: SubmitCall): Promise<SubmitBody> {
  const limit = { maxBytes: ctx.config.MAX_SUBMIT_FILE_BYTES };
  const { body, files } = await readJsonWithFiles(req, {
    scope,
    files: { webcam: limit, 'webcam.data': limit, screen: limit, 'screen.data': limit },
    raw: ['stats'],
    maxJsonBytes: MAX_FIELD_BYTES,
    maxMembers: MAX_MEMBERS,
  });
  if (!isObject(body)) return { fields: body, files: {} };
  refuseMisnamed(Object.keys(body), [...SUBMIT_FIELDS, ...RECORDINGS]);
  const received: Partial<Record<(typeof RECORDINGS)[number], UploadedFile>> = {};
  for (const name of RECORDINGS) {
    const file = files[name] ?? files[`${name}.data`];
    if (file) received[name] = file;
    else if (body[name] != null) throw invalidField(name, 'must be a data URL or base64, or an object whose data is one');
  }
  const { userId, stats, warnings } = body;
  const unread = Object.keys(body).find((name) => ![...SUBMIT_FIELDS, ...RECORDINGS].includes(name) && holdsFile(body[name]));
  if (unread !== undefined) throw invalidField(unread.slice(0, 64), `Is none of the recordings of this request: ${RECORDINGS.join(', ')}`);
  return { fields: { userId, stats, warnings }, files: received };
}

/** Whether it may be a recording under a wrong name, which must not be lost silently. */
const holdsFile = (value: unknown): boolean =>
  typeof value === 'string' ? /^\s*data:/i.test(value) : isObject(value) && typeof value['data'] === 'string';

/** Uses the query's user if the body names none. */
const withQueryUser = ({ fields, files }: SubmitBody, { userId }: SubmitCall['query']): SubmitBody => ({
  fields: isObject(fields) && fields['userId'] == null && userId !== undefined ? { ...fields, userId } : fields,
  files,
});

const MOVES = {
  start: { summary: 'Starts an exam. A second start changes nothing.', run: startExam },
  end: { summary: 'Ends an exam that is in progress. A second end changes nothing.', run: endExam },
  cancel: { summary: 'Cancels an exam that is not completed. A second cancel changes nothing.', run: cancelExam },
};

export const examRoutes: Route[] = [
  post({
    path: '/exams',
    summary: 'Creates an exam.',
    params: nothing,
    query: nothing,
    body: examBody,
    accepts: JSON_BODY,
    answer: examAnswers.exam,
    admit: ({ ctx }) => requireLms(ctx),
    read: readJsonBody,
    run: ({ ctx }, input) => createExam(ctx, input),
    present: ({ ctx }, exam) => presentExam(ctx, exam),
  }),
  // This and the three below `/exams/:examId` are not in the documented API.
  get({
    path: '/exams',
    summary: 'Returns a page of the exams, newest first. Not for participants.',
    params: nothing,
    query: pageOfExams,
    answer: examAnswers.examsPage,
    async run({ ctx, query: { limit, after, ...filter } }) {
      const found = await listExams(ctx, filter, { take: limit + 1, ...(after !== undefined && { cursor: { id: after }, skip: 1 }) });
      const exams = await Promise.all(found.slice(0, limit).map((exam) => presentExam(ctx, exam)));
      return { exams, nextAfter: found.length > limit ? (exams.at(-1)?.id ?? null) : null };
    },
  }),
  get({
    path: '/exams/:examId',
    summary: 'Returns an exam with its participants and newest warnings.',
    params: ofExam,
    query: nothing,
    answer: examAnswers.wholeExam,
    async run({ ctx, path: { examId } }) {
      const { exam, participants, warnings, warningsTruncated } = await readWholeExam(ctx, examId);
      return {
        ...(await presentExam(ctx, exam)),
        participants: participants.map(presentParticipant),
        warnings: warnings.map(presentWarning),
        ...(warningsTruncated && { warningsTruncated }),
      };
    },
  }),
  patch({
    path: '/exams/:examId',
    summary: 'Changes an exam that is not over. What is left out stays as it is.',
    params: ofExam,
    query: nothing,
    body: examChanges,
    accepts: JSON_BODY,
    answer: examAnswers.exam,
    admit: ({ ctx }) => requireLms(ctx),
    read: readJsonBody,
    run: ({ ctx, path: { examId } }, input) => updateExam(ctx, examId, input),
    present: ({ ctx }, exam) => presentExam(ctx, exam),
  }),
  ...(['start', 'end', 'cancel'] as const).map((move) =>
    post({
      path: `/exams/:examId/${move}`,
      summary: MOVES[move].summary,
      params: ofExam,
      query: nothing,
      answer: examAnswers.exam,
      ...NO_BODY,
      run: ({ ctx, path: { examId } }) => MOVES[move].run(ctx, examId),
      present: ({ ctx }, exam) => presentExam(ctx, exam),
    }),
  ),
  get({
    path: '/exams/:examId/warnings',
    summary: 'Returns a page of the warnings of an exam, oldest first.',
    params: ofExam,
    query: pageOfLog,
    answer: examAnswers.warningsPage,
    async run({ ctx, path: { examId }, query }) {
      const { warnings, nextAfter } = await listWarnings(ctx, examId, query);
      return { warnings: warnings.map(presentLoggedWarning), nextAfter: nextAfter === null ? null : Number(nextAfter) };
    },
  }),
  post({
    path: '/exams/:examId/warnings',
    summary: 'Reports warnings while the exam runs.',
    params: ofExam,
    query: nothing,
    body: reportWarningsInput,
    accepts: JSON_BODY,
    answer: examAnswers.reportedWarnings,
    admit: ({ ctx, path: { examId } }) => requireKnownExam(ctx, examId),
    read: readJsonBody,
    run: ({ ctx, path: { examId } }, input) => reportWarnings(ctx, examId, input),
    present: (_call, { stored, suppressed }) => ({
      warnings: stored.map(presentLoggedWarning),
      ...(suppressed.length > 0 && { suppressed }),
    }),
  }),
  post({
    path: '/exams/:examId/heartbeat',
    summary: 'Says that the participant of the token is present.',
    params: ofExam,
    query: nothing,
    answer: participantAnswers.heartbeat,
    ...NO_BODY,
    run: ({ ctx, path: { examId } }) => heartbeat(ctx, examId),
    present: ({ ctx }, participant) => presentHeartbeat(ctx, participant),
  }),
  put({
    path: '/exams/:examId/participants/:userId/accommodations',
    summary: 'Sets the types of warning that are not raised for a participant.',
    params: ofParticipant,
    query: nothing,
    body: accommodationsInput.omit({ userId: true }),
    accepts: JSON_BODY,
    answer: participantAnswers.accommodations,
    admit: ({ ctx, path: { examId } }) => requireStaffOf(ctx, examId),
    read: readJsonBody,
    run: ({ ctx, path }, granted) => setAccommodations(ctx, { ...path, ...granted }),
    present: (_call, participant) => presentAccommodations(participant),
  }),
  post({
    path: '/exams/:examId/submit',
    summary: 'Hands in the session of a participant: statistics, warnings and recordings.',
    params: ofExam,
    query: submitter,
    body: submitExamInput,
    accepts: [...FORM, ...JSON_BODY],
    files: {
      webcam: video('The webcam recording, WebM or MP4.', { required: false }),
      screen: video('The screen recording, WebM or MP4.', { required: false }),
    },
    answer: submissionAnswers.submission,
    admit: ({ ctx, path: { examId }, query }) => prepareSubmission(ctx, examId, query.userId),
    async read(call) {
      if (isMultipart(call.req)) return withQueryUser(await readSubmitMultipart(call), call.query);
      if (isJson(call.req)) return withQueryUser(await readSubmitJson(call), call.query);
      throw invalidField('Content-Type', 'must be multipart/form-data or application/json');
    },
    run: ({ ctx, path: { examId } }, input, { files }) => submitExam(ctx, examId, input, files),
    present: (_call, submission) => presentSubmission(submission),
  }),
];
