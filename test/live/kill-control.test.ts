import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { recorded } from '../helpers/live.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { form } from '../helpers/recordings.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { expectWholeLog, type LoggedParticipant } from '../helpers/whole-log.ts';

let server: TestServer;
let photo: Uint8Array<ArrayBuffer>;
/** Keys of three people of the staff. */
let ada: string;
let bea: string;
let cid: string;
beforeAll(async () => {
  server = await startTestServer();
  photo = await faces.one();
  [ada, bea, cid] = (await Promise.all(['Ada', 'Bea', 'Cid'].map((name) => createKey(server, 'PROCTOR', 'default', name)))).map(
    ({ key }) => key,
  ) as [string, string, string];
});
afterAll(() => server.stop());

/** A request of a client that sends it again until it is answered. */
interface Step {
  kind: string;
  path: string;
  method?: string;
  body: object | (() => Promise<object | FormData>);
  credential?: string;
  /** Without one it may be sent again as it is. */
  key?: string;
}

interface Sent {
  step: Step;
  answer: unknown;
  /** The server was killed before it answered. */
  wasCut: boolean;
}

async function send({ path, method = 'POST', body, credential = ADMIN_KEY, key }: Step): Promise<unknown> {
  const content = typeof body === 'function' ? await body() : body;
  const isForm = content instanceof FormData;
  const headers = { ...(!isForm && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) };
  const response = await server.rest(path, { method, credential, headers, body: isForm ? content : JSON.stringify(content) });
  if (response.status !== 200) throw new Refused(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
class Refused extends Error {}

const seat = (examId: string, userId: string) => `/exams/${examId}/participants/${userId}`;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** What happens to each participant of an exam, by the kind of participant: each list in its order, all lists at the same time. */
async function script(examId: string): Promise<Step[][]> {
  const tokens = new Map<string, string>();
  const come = async (userId: string) => void tokens.set(userId, await join(server, examId, userId));
  const users = ['wait', 'check', 'pause', 'time', 'again', 'talk', 'judge'].flatMap((kind) => times(3, (i) => `${kind}_${i}`));
  await Promise.all(users.filter((user) => !user.startsWith('check')).map(come));
  await server.post(`/exams/${examId}/admit`, { userIds: users.filter((user) => !/^(wait|check)/.test(user)) });
  const checkIn = `mutation ($id: ID!, $user: ID!) { joinExam(examId: $id, userId: $user, checkIn: true) { token } }`;
  for (const user of users.filter((name) => name.startsWith('check'))) {
    const { joinExam } = await server.graphql().request<{ joinExam: { token: string } }>(checkIn, { id: examId, user });
    tokens.set(user, joinExam.token);
  }
  const { version } = (await (await server.rest(`/exams/${examId}/notice`)).json()) as { version: string };
  const own = (user: string) => ({ credential: tokens.get(user) ?? '' });
  const reason = 'A fire alarm';

  return [
    ...times(3, (i): Step[] => [{ kind: 'admit', path: `${seat(examId, `wait_${i}`)}/admit`, body: {}, key: `admit-${examId}-${i}` }]),
    ...times(3, (i): Step[] => [
      { kind: 'notice', path: `/exams/${examId}/notice`, body: { version }, ...own(`check_${i}`) },
      {
        kind: 'check-in',
        path: `/exams/${examId}/check-in`,
        body: () => form({ device: '{"browser":"Firefox 140"}', photo: { bytes: photo, name: 'me.jpg' } }),
        ...own(`check_${i}`),
      },
    ]),
    ...times(3, (i) =>
      times(4, (n): Step => {
        const what = n % 2 === 0 ? 'pause' : 'resume';
        return {
          kind: what,
          path: `${seat(examId, `pause_${i}`)}/${what}`,
          body: n % 2 === 0 ? { reason } : {},
          key: `pause-${examId}-${i}-${n}`,
        };
      }),
    ),
    ...times(3, (i) =>
      times(5, (n): Step => {
        const key = `time-${examId}-${i}-${n}`;
        return { kind: 'time', path: `${seat(examId, `time_${i}`)}/time`, body: { minutes: n + 1, reason: key }, key };
      }),
    ),
    ...times(3, (i): Step[] => {
      const submit = (n: number): Step => ({
        kind: 'submit',
        path: `/exams/${examId}/submit`,
        body: { stats: { part: n } },
        key: `part-${examId}-${i}-${n}`,
        ...own(`again_${i}`),
      });
      return [submit(1), { kind: 'readmit', path: `${seat(examId, `again_${i}`)}/readmit`, body: { reason } }, submit(2)];
    }),
    ...times(3, (i) =>
      times(4, (n): Step => {
        const text = `message-${i}-${n}`;
        const by = n % 2 === 0 ? own(`talk_${i}`) : {};
        const to = n % 2 === 0 ? {} : { userId: `talk_${i}` };
        return { kind: 'message', path: `/exams/${examId}/messages`, body: { text, ...to }, key: `${text}-${examId}`, ...by };
      }),
    ),
    ...times(3, (i): Step[] => {
      const verdict = (status: string, credential: string): Step => ({
        kind: 'verdict',
        path: `${seat(examId, `judge_${i}`)}/review`,
        body: { status, reason: 'It rang' },
        key: `verdict-${examId}-${i}-${status}`,
        credential,
      });
      const contest = { kind: 'contest', path: `/exams/${examId}/contest`, body: { text: 'It was my calculator' } };
      return [
        verdict('violation', ada),
        verdict('violation', bea),
        { ...contest, key: `contest-${examId}-${i}`, ...own(`judge_${i}`) },
        verdict('upheld', cid),
      ];
    }),
    times(4, (n): Step => ({ kind: 'update', path: `/exams/${examId}`, method: 'PATCH', body: { title: `Title ${n}`, duration: 61 + n } })),
  ];
}

/** The end of every list of `script`. */
const FINAL = {
  wait: { status: 'ACTIVE' },
  check: { status: 'WAITING' },
  pause: { status: 'ACTIVE' },
  time: { status: 'ACTIVE', creditMs: 15 * 60_000 },
  again: { status: 'SUBMITTED' },
  talk: { status: 'ACTIVE' },
  judge: { status: 'ACTIVE', review: 'UPHELD' },
};

const newExam = () => createExam(server, { settings: { admission: 'proctor' } });

/** The limit of 2 minutes after which a repeat takes over the key of a request that died has gone by. */
const forgetLocks = () => runSql(server, `UPDATE "IdempotencyRecord" SET "lockedUntil" = now() - interval '1 s' WHERE status IS NULL`);

/** What the killed server had sent to the database is done, or never will be. */
async function untilGone(): Promise<void> {
  const connections = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'invigil%'`;
  await expect.poll(() => runSql(server, connections)).toEqual([]);
}

async function killAndRestart(): Promise<void> {
  await server.kill();
  await untilGone();
  await forgetLocks();
  await server.restart();
}

/** Sends these while none can be committed, and kills the server then. @returns what became of the requests */
async function cutOff(examId: string, steps: readonly Step[], until: () => Promise<void>): Promise<string[]> {
  const database = await openClient(server.databaseUrl);
  try {
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [examId]);
    const sending = Promise.allSettled(steps.map(send));
    await until();
    await server.kill();
    const outcomes = await sending;
    await database.query('COMMIT');
    await untilGone();
    await forgetLocks();
    await server.restart();
    return outcomes.map(({ status }) => status);
  } finally {
    await database.end();
  }
}

/**
 * Waits until so many more files of this name have come into storage. Those who have waited in vain for 2.5 s take theirs away again:
 * on a busy machine before the last one comes.
 */
async function untilStored(name: string, count: number): Promise<() => Promise<void>> {
  const named = async () => (await server.storedFiles()).filter((file) => basename(file).startsWith(name));
  const before = new Set(await named());
  const seen = new Set<string>();
  const look = async () => {
    for (const file of await named()) if (!before.has(file)) seen.add(file);
    return seen.size;
  };
  return async () => {
    await expect.poll(look).toBe(count);
  };
}

/** Sends all lists. @param killAt after so many answers the server is killed, each time */
async function play(lists: Step[][], killAt: readonly number[]): Promise<Sent[]> {
  const sent: Sent[] = [];
  let restarted: Promise<void> = Promise.resolve();
  const one = async (step: Step, before = 0): Promise<void> => {
    await restarted;
    try {
      const answer = await send(step);
      sent.push({ step, answer, wasCut: before > 0 });
      if (killAt.includes(sent.length)) restarted = killAndRestart();
    } catch (error) {
      if (error instanceof Refused || before === killAt.length) throw error;
      await one(step, before + 1);
    }
  };
  await Promise.all(
    lists.map(async (list) => {
      for (const step of list) await one(step);
    }),
  );
  return sent;
}

/** Files without a row are removed once the time is over that their request may take. */
async function expectFilesWithRows(): Promise<void> {
  await runSql(server, `UPDATE "ObsoleteFile" SET since = now() - interval '1 s'`);
  const names = async () => (await server.storedFiles()).map((file) => basename(file)).toSorted();
  const rows = await runSql<{ key: string }>(
    server,
    'SELECT "storageKey" AS key FROM "IdentityPhoto" UNION ALL SELECT "storageKey" FROM "Recording"',
  );
  await expect.poll(names).toEqual(rows.map(({ key }) => key).toSorted());
}

function expectFinal(rows: readonly LoggedParticipant[]): void {
  for (const { userId, status, review, credits, photo: picture, verdicts, submissions } of rows) {
    const kind = userId.split('_')[0] as keyof typeof FINAL;
    // Outages of the killed server are credited, too.
    const given = credits.filter(({ reason }) => reason.startsWith('time'));
    expect(new Set(given.map(({ reason }) => reason)).size, userId).toBe(given.length);
    const added = given.reduce((sum, { ms }) => sum + ms, 0);
    expect({ status, review, creditMs: added }, userId).toEqual({ review: 'NOT_REVIEWED', creditMs: 0, ...FINAL[kind] });
    expect(picture !== null, userId).toBe(kind === 'check');
    expect(submissions, userId).toHaveLength(kind === 'again' ? 2 : 0);
    expect(
      verdicts.map((verdict) => verdict.status),
      userId,
    ).toEqual(kind === 'judge' ? ['VIOLATION', 'VIOLATION', 'UPHELD'] : []);
  }
}

describe('a server that is killed while an exam is controlled', () => {
  it('again and again keeps what it answered, does nothing twice or by half, and takes the same requests again', async () => {
    const { id: examId } = await newExam();
    const lists = await script(examId);
    const total = lists.flat().length;
    const sent = await play(lists, [4, Math.round(total / 3), Math.round((2 * total) / 3)]);
    expect(sent).toHaveLength(total);
    expect(sent.some(({ wasCut }) => wasCut)).toBe(true);
    expectFinal(await expectWholeLog(server, examId));
    await expectFilesWithRows();
    const messages = await runSql<{ text: string }>(server, 'SELECT text FROM "Message" WHERE "examId" = $1', [examId]);
    expect(messages.map(({ text }) => text).toSorted()).toEqual(times(12, (n) => `message-${Math.floor(n / 4)}-${n % 4}`));
    expect((await (await server.rest(`/exams/${examId}`)).json()) as object).toMatchObject({ title: 'Title 3', duration: 64 });

    // Everything with a key once more: the same answers, and nothing happens.
    const [before] = await runSql(server, 'SELECT "lastSeq" FROM "Exam" WHERE id = $1', [examId]);
    const keyed = sent.filter(({ step }) => step.key);
    expect(await Promise.all(keyed.map(({ step }) => send(step)))).toEqual(keyed.map(({ answer }) => answer));
    expect(await runSql(server, 'SELECT "lastSeq" FROM "Exam" WHERE id = $1', [examId])).toEqual([before]);
  });

  it('in the middle of the first of each stores nothing of them, and leaves no picture behind', async () => {
    const { id: examId } = await newExam();
    const lists = await script(examId);
    const firsts = lists.flatMap((list) => list.slice(0, list[0]?.kind === 'notice' ? 2 : 1));
    // The notice first, because a check-in needs it.
    for (const step of firsts.filter(({ kind }) => kind === 'notice')) await send(step);
    const waiting = firsts.filter(({ kind }) => kind !== 'notice');
    const before = await expectWholeLog(server, examId);
    // The pictures of the three who check in come into storage, but no row names them yet.
    const outcomes = await cutOff(examId, waiting, await untilStored('part', 3));
    expect(new Set(outcomes)).toEqual(new Set(['rejected']));
    const ignoringOutage = (rows: LoggedParticipant[]) =>
      rows
        .map(({ userId, status, review, photo: picture }) => ({ userId, status, review, picture }))
        .toSorted((a, b) => a.userId.localeCompare(b.userId));
    expect(ignoringOutage(await expectWholeLog(server, examId))).toEqual(ignoringOutage(before));
    await expectFilesWithRows();

    const rest = lists.map((list) => list.filter(({ kind }) => kind !== 'notice'));
    await play(rest, []);
    expectFinal(await expectWholeLog(server, examId));
    await expectFilesWithRows();
  });

  it('while recordings are handed in leaves no file behind that no row names, and takes them again', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const token = await join(server, examId, 'user_1');
    const film = new Uint8Array(await recorded(2));
    const parts = { webcam: { bytes: film }, screen: { bytes: film } };
    const steps: Step[] = [
      { kind: 'submit', path: `/exams/${examId}/submit`, body: () => form({ stats: '{}', ...parts }), credential: token },
      { kind: 'upload', path: '/recordings', body: () => form({ examId, userId: 'user_2', type: 'webcam', file: { bytes: film } }) },
    ];
    const outcomes = await cutOff(examId, steps, await untilStored('rec_', 3));
    expect(new Set(outcomes)).toEqual(new Set(['rejected']));
    expect(await runSql(server, 'SELECT 1 FROM "Recording" WHERE "examId" = $1', [examId])).toEqual([]);
    await expectFilesWithRows();
    await play(
      steps.map((step) => [step]),
      [],
    );
    await expectFilesWithRows();
    expect(await runSql(server, 'SELECT 1 FROM "Recording" WHERE "examId" = $1', [examId])).toHaveLength(3);
  });
});
