import { AppError, invalidField } from '../src/errors.ts';
import { readJsonWithFiles } from '../src/http/bodies/base64-json.ts';
import { asJsonText, parseScanned } from '../src/http/bodies/json-text.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { createExam, readWholeExam } from '../src/resolvers/exams.ts';
import { heartbeat, setAccommodations } from '../src/resolvers/participants.ts';
import { requireKnownExam, requireLms, requireStaffOf } from '../src/resolvers/policy.ts';
import { prepareSubmission, submitExam } from '../src/resolvers/submissions.ts';
import { listWarnings, reportWarnings } from '../src/resolvers/warnings.ts';
import { isJson, isMultipart, NO_BODY, readJsonBody } from './bodies.ts';
import {
  presentAccommodations,
  presentExam,
  presentLoggedWarning,
  presentParticipant,
  presentSubmission,
  presentWarning,
} from './present.ts';
import type { Body, Call, Route } from './router.ts';

const KNOWN_SETTINGS = new Set(['webcam', 'screenRecording', 'audioRecording', 'browserLock', 'aiDetection']);
const KNOWN_AI_SETTINGS = new Set(['enabled', 'sensitivity']);
const MAX_FIELD_BYTES = 16 * 1024 * 1024;
/** Of a submission without its `stats`: 10,000 warnings have half of that. */
const MAX_MEMBERS = 100_000;
const MAX_FIELDS = 32;
const MAX_PAGE = 1_000;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const partition = (object: Record<string, unknown>, known: ReadonlySet<string>) => {
  const entries = Object.entries(object);
  return [
    Object.fromEntries(entries.filter(([key]) => known.has(key))),
    Object.fromEntries(entries.filter(([key]) => !known.has(key))),
  ] as const;
};

/** The documented settings as the resolvers take them: `sensitivity` in upper case, what is unknown apart. */
function readSettings(given: unknown): unknown {
  if (!isObject(given)) return given;
  const [known, extra] = partition(given, KNOWN_SETTINGS);
  if (!isObject(known['aiDetection'])) return { ...known, extra };
  const [ai, unknownAi] = partition(known['aiDetection'], KNOWN_AI_SETTINGS);
  const sensitivity = typeof ai['sensitivity'] === 'string' ? ai['sensitivity'].toUpperCase() : ai['sensitivity'];
  return {
    ...known,
    aiDetection: { ...ai, sensitivity },
    extra: { ...extra, ...(Object.keys(unknownAi).length > 0 && { aiDetection: unknownAi }) },
  };
}

const readExamInput = (body: unknown) => (isObject(body) ? { ...body, settings: readSettings(body['settings']) } : body);

function readPage(query: URLSearchParams) {
  const after = query.get('after') ?? '0';
  const limit = query.get('limit') ?? String(MAX_PAGE);
  if (!/^\d{1,18}$/.test(after)) throw invalidField('after', 'must be a position in the log');
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_PAGE)
    throw invalidField('limit', `must be from 1 to ${MAX_PAGE}`);
  return { after: BigInt(after), limit: Number(limit) };
}

const readWarningsField = (warnings: string | undefined): unknown =>
  warnings === undefined ? undefined : parseScanned(Buffer.from(warnings), { maxMembers: MAX_MEMBERS, field: 'warnings' });

const readStatsField = async (stats: string | undefined): Promise<unknown> =>
  stats === undefined ? undefined : asJsonText(stats, 'stats');

async function readSubmitMultipart({ req, scope, ctx, params: { examId = '' } }: Call): Promise<Body> {
  const limit = { maxBytes: ctx.config.MAX_SUBMIT_FILE_BYTES };
  const { fields, files } = await readMultipart(req, {
    scope,
    files: { webcam: limit, screen: limit },
    maxFieldBytes: MAX_FIELD_BYTES,
    maxFields: MAX_FIELDS,
    async admit({ userId }) {
      if (userId !== undefined) await prepareSubmission(ctx, examId, userId);
    },
  });
  const { userId, stats, warnings } = fields;
  return { body: { userId, stats: await readStatsField(stats), warnings: readWarningsField(warnings) }, files };
}

async function readSubmitJson({ req, scope, ctx }: Call): Promise<Body> {
  const limit = { maxBytes: ctx.config.MAX_SUBMIT_FILE_BYTES };
  const { body, files } = await readJsonWithFiles(req, {
    scope,
    files: { 'webcam.data': limit, 'screen.data': limit },
    raw: ['stats'],
    maxJsonBytes: MAX_FIELD_BYTES,
    maxMembers: MAX_MEMBERS,
  });
  if (!isObject(body)) return { body, files: {} };
  for (const name of ['webcam', 'screen']) refuseMissingData(body[name], name, files[`${name}.data`] !== undefined);
  const { 'webcam.data': webcam, 'screen.data': screen } = files;
  const { userId, stats, warnings } = body;
  return { body: { userId, stats, warnings }, files: { ...(webcam && { webcam }), ...(screen && { screen }) } };
}

/** A recording that is named but brings no data would be lost without a word. */
function refuseMissingData(value: unknown, field: string, hasData: boolean): void {
  if (value == null || hasData) return;
  throw invalidField(field, 'must be an object whose data is a data URL or base64');
}

/** A user named in the query counts where the body names none. */
function withQueryUser({ body, files }: Body, query: URLSearchParams): Body {
  const user = query.get('userId');
  return { body: isObject(body) && body['userId'] == null && user !== null ? { ...body, userId: user } : body, files };
}

export const examRoutes: Route[] = [
  {
    method: 'POST',
    path: '/exams',
    admit: ({ ctx }) => requireLms(ctx),
    read: readJsonBody,
    run: async ({ ctx }, { body }) => presentExam(ctx, await createExam(ctx, readExamInput(body))),
  },
  {
    method: 'GET',
    path: '/exams/:examId',
    async answer({ ctx, params: { examId = '' } }) {
      const { exam, participants, warnings, warningsTruncated } = await readWholeExam(ctx, examId);
      return {
        ...(await presentExam(ctx, exam)),
        participants: participants.map(presentParticipant),
        warnings: warnings.map(presentWarning),
        ...(warningsTruncated && { warningsTruncated }),
      };
    },
  },
  {
    method: 'GET',
    path: '/exams/:examId/warnings',
    async answer({ ctx, params: { examId = '' }, query }) {
      const { warnings, nextAfter } = await listWarnings(ctx, examId, readPage(query));
      return { warnings: warnings.map(presentLoggedWarning), nextAfter: nextAfter === null ? null : Number(nextAfter) };
    },
  },
  {
    method: 'POST',
    path: '/exams/:examId/warnings',
    admit: ({ ctx, params: { examId = '' } }) => requireKnownExam(ctx, examId),
    read: readJsonBody,
    run: async ({ ctx, params: { examId = '' } }, { body }) => ({
      warnings: (await reportWarnings(ctx, examId, body)).map(presentLoggedWarning),
    }),
  },
  {
    method: 'POST',
    path: '/exams/:examId/heartbeat',
    ...NO_BODY,
    async run({ ctx, params: { examId = '' } }) {
      const participant = await heartbeat(ctx, examId);
      return { participant: { ...presentParticipant(participant), lastSeenAt: participant.lastSeenAt } };
    },
  },
  {
    method: 'PUT',
    path: '/exams/:examId/participants/:userId/accommodations',
    admit: ({ ctx, params: { examId = '' } }) => requireStaffOf(ctx, examId),
    read: readJsonBody,
    async run({ ctx, params: { examId = '', userId = '' } }, { body }) {
      const { suppress, reason } = isObject(body) ? body : {};
      return presentAccommodations(await setAccommodations(ctx, { examId, userId, suppress, reason }));
    },
  },
  {
    method: 'POST',
    path: '/exams/:examId/submit',
    admit: ({ ctx, params: { examId = '' }, query }) => prepareSubmission(ctx, examId, query.get('userId')),
    async read(call) {
      if (isMultipart(call.req)) return withQueryUser(await readSubmitMultipart(call), call.query);
      if (isJson(call.req)) return withQueryUser(await readSubmitJson(call), call.query);
      throw new AppError('invalid_request', 'Content-Type must be multipart/form-data or application/json');
    },
    run: async ({ ctx, params: { examId = '' } }, { body, files }) => presentSubmission(await submitExam(ctx, examId, body, files)),
  },
];
