import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PARTICIPANT_MOVES } from '../../src/services/participants/moves.ts';
import { createExam } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

type Status = keyof typeof PARTICIPANT_MOVES;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PRESENCE_GRACE_SECONDS: '1', INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

interface Answer {
  status: number;
  body: { error?: { code: string; message: string; details: { field: string; issue: string }[] } };
}

/** One participant, `user_1`, in an exam of its own. */
interface Seat {
  examId: string;
  token: string;
}

const USER = 'user_1';
const post = async (path: string, body: object = {}, credential = ADMIN_KEY): Promise<Answer> => {
  const response = await server.post(`/exams/${path}`, body, { credential });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
};
const of = ({ examId }: Seat) => `${examId}/participants/${USER}`;
const reason = 'A fire alarm';
const invite = (examId: string) => post(`${examId}/participants`, { participants: [{ userId: USER }] });
const beat = ({ examId, token }: Seat) => server.graphql(token).request(`mutation { heartbeat(examId: "${examId}") { status } }`);

async function enter(seat: Seat, checkIn = false): Promise<void> {
  const { joinExam } = await server
    .graphql()
    .request<{ joinExam: { token: string } }>(
      `mutation { joinExam(examId: "${seat.examId}", userId: "${USER}", checkIn: ${checkIn}) { token } }`,
    );
  seat.token = joinExam.token;
}

async function checkIn({ examId, token }: Seat): Promise<Answer> {
  const { version } = (await (await server.rest(`/exams/${examId}/notice`)).json()) as { version: string };
  const accepted = await post(`${examId}/notice`, { version }, token);
  return accepted.status === 200 ? post(`${examId}/check-in`, { device: {} }, token) : accepted;
}

async function statusOf({ examId }: Seat): Promise<string> {
  const query = `{ exam(id: "${examId}") { participant(userId: "${USER}") { status } } }`;
  const { exam } = await server.graphql().request<{ exam: { participant: { status: string } | null } }>(query);
  return exam.participant?.status ?? 'null';
}
interface Move {
  seq: number;
  from: string | null;
  to: string;
}
/** The changes of status after a position of the log, the oldest first. */
const movesAfter = ({ examId }: Seat, seq: number) =>
  runSql<Move>(
    server,
    `SELECT seq::int, data->>'from' AS from, data->>'to' AS to FROM "Event"
      WHERE "examId" = $1 AND seq > $2 AND kind = 'PARTICIPANT_CHANGED' AND data ? 'to' AND NOT data ? 'what' ORDER BY seq`,
    [examId, seq],
  );
async function becomes(seat: Seat, status: string): Promise<void> {
  await expect.poll(() => statusOf(seat)).toBe(status);
}
const endTime = ({ examId }: Seat) => runSql(server, `UPDATE "Participant" SET "endsAt" = now() WHERE "examId" = $1`, [examId]);

async function endExam({ examId }: Seat): Promise<void> {
  await post(`${examId}/start`);
  await post(`${examId}/end`);
}

/** Resumed by staff while its connection is gone. */
async function resumeOffline(seat: Seat): Promise<void> {
  await beat(seat);
  const offline = `SELECT 1 FROM "Participant" WHERE "examId" = $1 AND "offlineSince" IS NOT NULL`;
  await expect.poll(async () => (await runSql(server, offline, [seat.examId])).length).toBe(1);
  await post(`${of(seat)}/resume`);
}

/** How a participant comes to a status from where most come from. */
const REACH: Record<Status, (seat: Seat) => Promise<unknown>> = {
  null: async () => {},
  INVITED: ({ examId }) => invite(examId),
  CHECKING_IN: (seat) => enter(seat, true),
  WAITING: (seat) => enter(seat),
  ACTIVE: (seat) => enter(seat),
  PAUSED: async (seat) => {
    await enter(seat);
    await post(`${of(seat)}/pause`, { reason });
  },
  DISCONNECTED: async (seat) => {
    await enter(seat);
    await beat(seat);
  },
  SUBMITTED: async (seat) => {
    await enter(seat);
    await post(`${seat.examId}/submit`, { userId: USER, stats: {} });
  },
  TIMED_OUT: async (seat) => {
    await enter(seat);
    await endTime(seat);
  },
  TERMINATED: async (seat) => {
    await enter(seat);
    await post(`${of(seat)}/terminate`, { reason });
  },
};

const admit = (seat: Seat) => post(`${of(seat)}/admit`, { reason });
const resume = (seat: Seat) => post(`${of(seat)}/resume`);
const readmit = (seat: Seat) => post(`${of(seat)}/readmit`, { reason });
const pause = (seat: Seat) => post(`${of(seat)}/pause`, { reason });
const terminate = (seat: Seat) => post(`${of(seat)}/terminate`, { reason });
const submit = (seat: Seat) => post(`${seat.examId}/submit`, { userId: USER, stats: {} });

/** The door of each move: by where it leads, and where it depends on it by where it begins. */
const LEADS: Partial<Record<string, (seat: Seat) => Promise<unknown>>> = {
  'null ACTIVE': enter,
  'INVITED ACTIVE': enter,
  'CHECKING_IN WAITING': checkIn,
  'CHECKING_IN ACTIVE': checkIn,
  'WAITING ACTIVE': admit,
  'PAUSED ACTIVE': resume,
  'PAUSED DISCONNECTED': resumeOffline,
  'DISCONNECTED ACTIVE': beat,
  'ACTIVE DISCONNECTED': beat,
  'SUBMITTED ACTIVE': readmit,
  'TIMED_OUT ACTIVE': async (seat) => {
    await post(`${of(seat)}/time`, { minutes: 5, reason });
    await readmit(seat);
  },
  'TERMINATED ACTIVE': readmit,
  'ACTIVE TIMED_OUT': endTime,
  'DISCONNECTED TIMED_OUT': endTime,
  INVITED: ({ examId }) => invite(examId),
  CHECKING_IN: (seat) => enter(seat, true),
  WAITING: (seat) => enter(seat),
  PAUSED: pause,
  SUBMITTED: submit,
  TIMED_OUT: endExam,
  TERMINATED: terminate,
};

async function seatIn(from: Status, admission: 'automatic' | 'proctor'): Promise<Seat> {
  const seat = { examId: (await createExam(server, { settings: { admission, webcam: false } })).id, token: '' };
  await REACH[from](seat);
  await becomes(seat, from);
  return seat;
}

const STATUSES = Object.keys(PARTICIPANT_MOVES) as Status[];
const legal = STATUSES.flatMap((from) => PARTICIPANT_MOVES[from].map((to) => [from, to] as const));

it.each(legal)('a participant who is %s can become %s by a public door, and the log says so', async (from, to) => {
  const seat = await seatIn(from, from === 'WAITING' || to === 'WAITING' ? 'proctor' : 'automatic');
  const before = (await movesAfter(seat, 0)).at(-1)?.seq ?? 0;
  const lead = LEADS[`${from} ${to}`] ?? LEADS[to];
  expect(lead).toBeDefined();
  await lead?.(seat);
  // Whoever is back and sends no other heartbeat is soon disconnected again.
  const next = async () => (await movesAfter(seat, before))[0];
  await expect.poll(next).toMatchObject({ from: from === 'null' ? null : from, to });
  if (to !== 'ACTIVE' || from !== 'DISCONNECTED') await becomes(seat, to);
});

describe('what is not possible', () => {
  const rejoin = async (seat: Seat): Promise<Answer> => {
    const query = `mutation { joinExam(examId: "${seat.examId}", userId: "${USER}") { participant { status } } }`;
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string; details?: [] } }[] };
    const [error] = errors ?? [];
    if (!error) return { status: 200, body: {} };
    const { code, details = [] } = error.extensions;
    return { status: 400, body: { error: { code: code.toLowerCase(), message: error.message, details } } };
  };
  const COMMANDS = { pause, resume, admit, readmit, terminate, submit, rejoin };
  /** Where each command would make no legal move, and is no second click. */
  const REFUSED: Record<keyof typeof COMMANDS, Status[]> = {
    pause: ['INVITED', 'CHECKING_IN', 'WAITING', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
    resume: ['INVITED', 'CHECKING_IN', 'WAITING', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
    admit: ['INVITED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
    readmit: ['INVITED'],
    terminate: ['SUBMITTED', 'TIMED_OUT'],
    submit: ['SUBMITTED'],
    rejoin: ['SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  };
  /** Where a command is a second click, and answers without an event. */
  const UNCHANGED: Partial<Record<keyof typeof COMMANDS, Status[]>> = {
    pause: ['PAUSED'],
    resume: ['ACTIVE', 'DISCONNECTED'],
    admit: ['ACTIVE', 'PAUSED', 'DISCONNECTED'],
    terminate: ['TERMINATED'],
  };
  const commands = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
  const lastSeq = async ({ examId }: Seat) =>
    (await runSql<{ seq: number }>(server, 'SELECT "lastSeq"::int AS seq FROM "Exam" WHERE id = $1', [examId]))[0]?.seq;

  const known = STATUSES.filter((status) => status !== 'null');
  it.each(known)('to a participant who is %s is a conflict that says what is, and changes nothing', async (from) => {
    const seat = await seatIn(from, from === 'WAITING' ? 'proctor' : 'automatic');
    await post(`${seat.examId}/start`);
    const before = await lastSeq(seat);
    const possible = `possible: ${PARTICIPANT_MOVES[from].map((status) => status.toLowerCase()).join(', ')}`;
    for (const command of commands.filter((name) => REFUSED[name].includes(from))) {
      // A second submission names what is wrong with it.
      const issue = command === 'submit' ? 'has already submitted' : possible;
      const { status, body } = await COMMANDS[command](seat);
      expect([status, body.error?.code], `${command} ${body.error?.message}`).toEqual([400, 'conflict']);
      expect(body.error?.details, `${command} ${body.error?.message}`).toEqual([{ field: 'userId', issue }]);
    }
    for (const command of commands.filter((name) => UNCHANGED[name]?.includes(from)))
      expect((await COMMANDS[command](seat)).status, command).toBe(200);
    expect([await statusOf(seat), await lastSeq(seat)]).toEqual([from, before]);
  });

  it('with somebody who is not in the exam reads as not found', async () => {
    const seat = await seatIn('null', 'automatic');
    await post(`${seat.examId}/start`);
    for (const command of [pause, resume, admit, readmit, terminate]) expect((await command(seat)).body.error?.code).toBe('not_found');
    expect(await statusOf(seat)).toBe('null');
  });

  it('by the end of an exam: it leaves those where they are who never came or have left', async () => {
    for (const from of ['INVITED', 'SUBMITTED', 'TERMINATED'] as const) {
      const seat = await seatIn(from, 'automatic');
      await endExam(seat);
      expect(await statusOf(seat)).toBe(from);
      for (const command of commands.filter((name) => name !== 'submit'))
        expect((await COMMANDS[command](seat)).body.error, command).toMatchObject({ code: 'conflict', message: 'The exam is over' });
      expect(await statusOf(seat)).toBe(from);
    }
  });

  it('by handing in late: the answers are kept, and who was sent out or ran out of time stays so', async () => {
    for (const from of ['TIMED_OUT', 'TERMINATED'] as const) {
      const seat = await seatIn(from, 'automatic');
      expect((await submit(seat)).status).toBe(200);
      expect((await submit(seat)).body.error?.code).toBe('conflict');
      expect(await statusOf(seat)).toBe(from);
    }
  });
});
