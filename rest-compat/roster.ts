import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalidField } from '../src/errors.ts';
import { readSmallBody } from '../src/http/bodies/raw-body.ts';
import { byLine, parseRoster } from '../src/http/bodies/roster-csv.ts';
import { inviteParticipants } from '../src/resolvers/participants.ts';
import { requireLms } from '../src/resolvers/policy.ts';
import { rosterInput } from '../src/services/participants/input.ts';
import { parseInput } from '../src/validation.ts';
import * as answers from './answers/participants.ts';
import { isJson, JSON_BODY, mediaType, readJsonBody } from './bodies.ts';
import { nothing, ofExam } from './params.ts';
import { presentInvited } from './present.ts';
import { type Body, type Call, post, type Route } from './route.ts';

const CSV = 'text/csv';
/** For 5,000 people, or for the reference pictures of a few. */
const LIMITS = { maxBytes: 30 * 1024 * 1024, maxMembers: 50_000 };

const SIGNED_TOGETHER = 100;

interface Received extends Body<'file'> {
  /** The lines of a CSV file on which its rows end; null for JSON. */
  lines: readonly number[] | null;
}

async function readRoster(call: Pick<Call, 'req'>): Promise<Received> {
  if (mediaType(call.req) !== CSV) {
    if (!isJson(call.req)) throw invalidField('Content-Type', 'must be application/json or text/csv');
    return { ...(await readJsonBody(call, LIMITS)), lines: null };
  }
  const bytes = await readSmallBody(call.req, { maxBytes: LIMITS.maxBytes });
  const { rows, lines } = await parseRoster(bytes);
  try {
    return { fields: parseInput(rosterInput, { participants: rows }), files: {}, lines };
  } catch (error) {
    throw byLine(error, lines);
  }
}

/** The list of those who take an exam. Not in the documented API. */
export const rosterRoutes: Route[] = [
  post({
    path: '/exams/:examId/participants',
    summary: 'Adds participants, or changes those known before; each gets a personal link.',
    params: ofExam,
    query: nothing,
    body: rosterInput,
    accepts: [...JSON_BODY, CSV],
    files: {
      file: {
        description: 'The list as CSV, with the columns userId, name, extraMinutes, group and referenceImage.',
        mediaTypes: [CSV],
        required: false,
      },
    },
    answer: answers.invited,
    admit: ({ ctx }) => requireLms(ctx),
    read: readRoster,
    async run({ ctx, path: { examId } }, { participants }, { lines }) {
      try {
        return await inviteParticipants(ctx, examId, participants);
      } catch (error) {
        throw lines ? byLine(error, lines) : error;
      }
    },
    async present({ ctx }, rows) {
      const participants: Awaited<ReturnType<typeof presentInvited>>[] = [];
      // Each link is signed: for 5,000 people that takes half a second, in which others are served.
      for (let at = 0; at < rows.length; at += SIGNED_TOGETHER) {
        participants.push(...(await Promise.all(rows.slice(at, at + SIGNED_TOGETHER).map((row) => presentInvited(ctx, row)))));
        await nextTurn();
      }
      return { participants };
    },
  }),
];
