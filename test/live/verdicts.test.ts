import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { openClient, whileLocked } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
let database: Client;
/** Keys of staff: two of the same name are two people. */
let ada: string;
let bea: string;
let cid: string;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
  database = await openClient(server.databaseUrl);
  [ada, bea, cid] = (await Promise.all(['Ada', 'Ada', 'Cid'].map((name) => createKey(server, 'PROCTOR', 'default', name)))).map(
    ({ key }) => key,
  ) as [string, string, string];
});
afterAll(async () => {
  await database.end();
  await second.stop();
  await server.stop();
});

interface Verdict {
  status: string;
  reason: string | null;
  by: string;
  final: boolean;
}

interface Reviewed {
  review: string;
  verdicts: Verdict[];
  contest: { text: string; answer: string | null; answeredBy: string | null; answeredAt: string | null } | null;
}

const CONTEST = 'review contest { text answer answeredBy answeredAt }';

async function read(examId: string, to = server): Promise<Reviewed> {
  const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { ${CONTEST} verdicts { status reason by final } } } }`;
  return (await to.graphql().request<{ exam: { participant: Reviewed } }>(query)).exam.participant;
}

interface Answer {
  status: number;
  body: { review?: string; verdict?: Verdict; error?: { code: string; message: string; details: { field: string }[] } };
}

async function ask(path: string, body: object, credential: string, to = server, headers = {}): Promise<Answer> {
  const response = await to.post(path, body, { credential, headers });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const REASON = 'A phone in the hand at 10:41';
const review = (examId: string, status: string, credential: string, reason: string | null = REASON, to = server) =>
  ask(`/exams/${examId}/participants/user_1/review`, { status, reason }, credential, to);
const contest = (examId: string, credential: string, text = 'It was my calculator') =>
  ask(`/exams/${examId}/contest`, { text }, credential);
const codeOf = ({ body }: Answer) => body.error?.code ?? body.review;

async function seated() {
  const exam = await createExam(server);
  return { exam, examId: exam.id, token: await join(server, exam.id, 'user_1') };
}

/** One whose violation two people have found. */
async function found() {
  const seat = await seated();
  await review(seat.examId, 'violation', ada);
  await review(seat.examId, 'violation', bea);
  return seat;
}

describe('a violation', () => {
  it('is found by two people: the first leaves the review open, the second closes it, and both stay readable', async () => {
    const { examId } = await seated();
    expect((await review(examId, 'violation', ada)).body).toMatchObject({
      review: 'in_review',
      verdict: { status: 'violation', reason: REASON, by: 'Ada', final: false },
    });
    expect((await review(examId, 'violation', bea, 'I see it too')).body).toMatchObject({ review: 'violation', verdict: { final: true } });
    expect(await read(examId)).toEqual({
      review: 'VIOLATION',
      contest: null,
      verdicts: [
        { status: 'VIOLATION', reason: REASON, by: 'Ada', final: false },
        { status: 'VIOLATION', reason: 'I see it too', by: 'Ada', final: true },
      ],
    });
  });

  it('is not confirmed by the person who found it, however often and on whichever server', async () => {
    const { examId } = await seated();
    const answers = await Promise.all([server, second, server, second].map((to) => review(examId, 'violation', ada, REASON, to)));
    expect(answers.filter((answer) => codeOf(answer) === 'conflict')).toHaveLength(3);
    expect(answers.filter((answer) => codeOf(answer) === 'in_review')).toHaveLength(1);
    expect((await review(examId, 'violation', ada, 'Another reason')).body.error?.message).toContain('another person');
    expect(await read(examId)).toMatchObject({ review: 'IN_REVIEW', verdicts: [{ final: false }] });
  });

  it.each(['Ann\uFE0F', 'A\u034Fnn', 'Ann\u3164', 'An\u200Dn', '\uFF21nn'])(
    'is not confirmed by who found it and names itself %j on the shared link, which looks the same',
    async (name) => {
      const { exam, examId } = await seated();
      const linked = await server.post(`/exams/${examId}/proctor-links`, { name: 'Ann' });
      const personal = tokenIn(((await linked.json()) as { url: string }).url);
      const entered = await server.post(`/exams/${examId}/console`, { name }, { credential: tokenIn(exam.adminUrl) });
      const { token } = (await entered.json()) as { token: string };
      expect(codeOf(await review(examId, 'violation', personal))).toBe('in_review');
      expect(codeOf(await review(examId, 'violation', token))).toBe('conflict');
      expect((await read(examId)).review).toBe('IN_REVIEW');
    },
  );

  it('that two confirm at the same moment is confirmed once', async () => {
    const { examId } = await seated();
    await review(examId, 'violation', ada);
    const answers = await whileLocked(database, examId, () => Promise.all([bea, cid].map((key) => review(examId, 'violation', key))));
    expect(answers.map(({ status, body }) => [status, body.review])).toEqual([
      [200, 'violation'],
      [200, 'violation'],
    ]);
    const { verdicts } = await read(examId);
    expect(verdicts.filter(({ final }) => final)).toHaveLength(1);
    expect(verdicts).toHaveLength(3);
  });

  it.each<[string, [string, 'ada' | 'bea' | 'cid' | 'dan'][], string]>([
    [
      'taken back by its finder',
      [
        ['violation', 'ada'],
        ['passed', 'ada'],
      ],
      'PASSED',
    ],
    [
      'taken back after it was confirmed',
      [
        ['violation', 'ada'],
        ['violation', 'bea'],
        ['passed', 'bea'],
      ],
      'IN_REVIEW',
    ],
    [
      'denied by one other person',
      [
        ['violation', 'ada'],
        ['passed', 'bea'],
      ],
      'IN_REVIEW',
    ],
    [
      'denied by two other people',
      [
        ['violation', 'ada'],
        ['passed', 'bea'],
        ['passed', 'cid'],
      ],
      'PASSED',
    ],
    [
      'denied by one and confirmed by one',
      [
        ['violation', 'ada'],
        ['passed', 'bea'],
        ['violation', 'cid'],
      ],
      'VIOLATION',
    ],
    [
      'denied by a third person',
      [
        ['violation', 'ada'],
        ['violation', 'bea'],
        ['passed', 'cid'],
      ],
      'VIOLATION',
    ],
    [
      'denied by as many as confirm it',
      [
        ['violation', 'ada'],
        ['violation', 'bea'],
        ['passed', 'cid'],
        ['passed', 'dan'],
      ],
      'PASSED',
    ],
    [
      'found against as many',
      [
        ['passed', 'ada'],
        ['passed', 'bea'],
        ['violation', 'cid'],
        ['violation', 'dan'],
      ],
      'IN_REVIEW',
    ],
    [
      'found after one has passed it',
      [
        ['passed', 'ada'],
        ['violation', 'bea'],
      ],
      'IN_REVIEW',
    ],
    [
      'looked at by another',
      [
        ['violation', 'ada'],
        ['violation', 'bea'],
        ['in_review', 'cid'],
      ],
      'VIOLATION',
    ],
    [
      'doubted by others',
      [
        ['violation', 'ada'],
        ['suspicious', 'bea'],
        ['suspicious', 'cid'],
      ],
      'SUSPICIOUS',
    ],
  ])('%s leaves what accuses least, and every opinion is kept', async (_what, opinions, expected) => {
    const { examId } = await seated();
    const dan = (await createKey(server, 'LMS')).key;
    for (const [status, who] of opinions) expect((await review(examId, status, { ada, bea, cid, dan }[who])).status).toBe(200);
    const { review: reached, verdicts } = await read(examId);
    expect(reached).toBe(expected);
    expect(verdicts.map(({ status }) => status.toLowerCase())).toEqual(opinions.map(([status]) => status));
  });

  it('that is not confirmed looks to the candidate like any review, and disagreement like nothing', async () => {
    const EVENTS = `subscription ($examId: ID!) { examEvents(examId: $examId, after: 0) {
      ... on ParticipantChanged { change { what from to by reason } participant { review } }
      ... on ExamChanged { exam { status } } } }`;
    const seen = async (...opinions: [string, string][]) => {
      const { examId, token } = await seated();
      for (const [status, who] of opinions) await review(examId, status, who);
      await server.rest(`/exams/${examId}/end`, { method: 'POST' });
      const live = collect<{ examEvents: { exam?: { status: string } } }>(server.subscribe(token), EVENTS, { examId });
      // Objects show the state of now, so the last event of all is the one that comes after the other change of the exam.
      await live.take(5);
      const asked = await server.graphql(token).request(`{ exam(id: "${examId}") { participant(userId: "user_1") { ${CONTEST} } } }`);
      return JSON.stringify([live.items, asked, codeOf(await contest(examId, token))]);
    };
    const open = await seen(['in_review', ada]);
    expect(open).toContain('"from":"NOT_REVIEWED","to":"IN_REVIEW","by":"staff","reason":null');
    expect(await seen(['violation', ada])).toBe(open);
    expect(await seen(['violation', ada], ['passed', bea])).toBe(open);
    expect(open).toContain('conflict');
  });
});

describe('a verdict', () => {
  it.each(['suspicious', 'violation', 'upheld', 'overturned'])('of %s needs a reason', async (status) => {
    const { examId } = await seated();
    for (const reason of [null, '', '   ']) {
      const answer = await review(examId, status, ada, reason);
      expect([codeOf(answer), answer.body.error?.details[0]?.field]).toEqual(['invalid_request', 'reason']);
    }
    expect((await read(examId)).verdicts).toEqual([]);
  });

  it('given again changes nothing, and a later one of the same person counts', async () => {
    const { examId } = await seated();
    for (let clicks = 0; clicks < 2; clicks++) expect(codeOf(await review(examId, 'suspicious', ada))).toBe('suspicious');
    expect(codeOf(await review(examId, 'passed', bea, null))).toBe('passed');
    expect(codeOf(await review(examId, 'suspicious', ada))).toBe('suspicious');
    expect((await read(examId)).verdicts.map(({ status }) => status)).toEqual(['SUSPICIOUS', 'PASSED', 'SUSPICIOUS']);
  });

  it('is refused where it is none: contested by staff, an answer without a contest, an unknown status or user', async () => {
    const { examId } = await seated();
    expect((await review(examId, 'contested', ada)).body.error?.details[0]?.field).toBe('status');
    expect(codeOf(await review(examId, 'upheld', ada))).toBe('conflict');
    expect(codeOf(await review(examId, 'overturned', ada))).toBe('conflict');
    expect((await review(examId, 'guilty', ada)).body.error?.details[0]?.field).toBe('status');
    expect(codeOf(await ask(`/exams/${examId}/participants/nobody/review`, { status: 'passed' }, ada))).toBe('not_found');
    expect(await read(examId)).toMatchObject({ review: 'NOT_REVIEWED', verdicts: [] });
  });

  it('is in the log with who and why, for staff only; and verdicts are not for candidates', async () => {
    const { examId, token } = await seated();
    await review(examId, 'suspicious', cid);
    const EVENTS =
      'subscription ($examId: ID!) { examEvents(examId: $examId, after: 2) { ... on ParticipantChanged { change { what from to by reason } } } }';
    const [event] = await collect<{ examEvents: object }>(second.subscribe(), EVENTS, { examId }).take(1);
    expect(event?.examEvents).toEqual({
      change: { what: 'review', from: 'NOT_REVIEWED', to: 'SUSPICIOUS', by: 'Cid', reason: REASON },
    });
    const ask = server.graphql(token).request(`{ exam(id: "${examId}") { participant(userId: "user_1") { verdicts { by } } } }`);
    await expect(ask).rejects.toThrow('not permitted');
  });

  it('of a stranger to the exam is refused as if there were no such exam', async () => {
    const { examId } = await seated();
    const other = await createExam(server);
    const south = await createKey(server, 'PROCTOR', 'south');
    for (const credential of [tokenIn(other.adminUrl), south.key])
      expect(codeOf(await review(examId, 'passed', credential))).toBe('not_found');
    expect((await read(examId)).verdicts).toEqual([]);
  });

  it('with an Idempotency-Key is given once, also by a finder of a violation', async () => {
    const { examId } = await seated();
    const give = () =>
      ask(`/exams/${examId}/participants/user_1/review`, { status: 'violation', reason: 'r' }, ada, server, { 'idempotency-key': examId });
    expect((await give()).body).toEqual((await give()).body);
    expect((await read(examId)).verdicts).toHaveLength(1);
  });
});

describe('a contest', () => {
  it('is made once by the candidate against a verdict, answered by somebody else, and the candidate reads the answer', async () => {
    const { examId, token } = await found();
    expect(await contest(examId, token)).toMatchObject({ status: 200, body: { review: 'contested' } });
    expect(codeOf(await contest(examId, token, 'And another thing'))).toBe('conflict');
    for (const status of ['passed', 'violation', 'in_review']) expect(codeOf(await review(examId, status, cid))).toBe('conflict');
    expect(codeOf(await review(examId, 'upheld', ada, 'No'))).toBe('conflict');
    expect(await read(examId)).toMatchObject({ review: 'CONTESTED', contest: { text: 'It was my calculator', answer: null } });
    expect(codeOf(await review(examId, 'upheld', cid, 'It rang'))).toBe('upheld');
    const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { ${CONTEST} } } }`;
    const { exam } = await server.graphql(token).request<{ exam: { participant: Reviewed } }>(query);
    expect(exam.participant).toMatchObject({ review: 'UPHELD', contest: { answer: 'It rang', answeredBy: 'staff' } });
    expect((await read(examId)).contest?.answeredBy).toBe('Cid');
    expect(codeOf(await contest(examId, token))).toBe('conflict');
    for (const status of ['passed', 'violation']) expect(codeOf(await review(examId, status, cid))).toBe('conflict');
    // Mercy stays possible, also by those who were wrong.
    expect(codeOf(await review(examId, 'overturned', ada, 'It was the calculator'))).toBe('overturned');
    expect(codeOf(await review(examId, 'upheld', cid))).toBe('conflict');
    expect((await read(examId)).verdicts.map(({ status, final }) => [status, final])).toEqual([
      ['VIOLATION', false],
      ['VIOLATION', true],
      ['UPHELD', true],
      ['OVERTURNED', true],
    ]);
  });

  it('is possible against suspicion and a confirmed violation, and nothing else', async () => {
    const { examId, token } = await seated();
    const other = await seated();
    expect(codeOf(await contest(examId, token))).toBe('conflict');
    for (const status of ['in_review', 'passed', 'violation']) {
      await review(examId, status, ada);
      expect(codeOf(await contest(examId, token))).toBe('conflict');
    }
    await review(examId, 'suspicious', ada);
    expect(codeOf(await contest(examId, other.token))).toBe('not_found');
    expect((await contest(examId, ada)).body.error?.code).toBe('forbidden');
    for (const text of ['', '  ', 'x'.repeat(5_001)])
      expect((await contest(examId, token, text)).body.error?.details[0]?.field).toBe('text');
    expect((await read(examId)).contest).toBeNull();
    expect(codeOf(await contest(examId, token, 'x'.repeat(5_000)))).toBe('contested');
  });

  it('that comes at the moment of an answer, of a second contest and of a withdrawal is decided by what came first', async () => {
    const { examId, token } = await found();
    const answers = await whileLocked(database, examId, () =>
      Promise.all([contest(examId, token, 'one'), contest(examId, token, 'two'), review(examId, 'passed', ada)]),
    );
    const codes = answers.map(codeOf);
    const isContested = codes.includes('contested');
    expect(codes.filter((code) => code === 'conflict')).toHaveLength(2);
    const now = await read(examId);
    expect(now.review).toBe(isContested ? 'CONTESTED' : 'IN_REVIEW');
    expect(now.contest === null).toBe(!isContested);
  });
});

describe('what was answered is there after the server was killed', () => {
  it('for every verdict, contest, answer and review of warnings', async () => {
    const own = await startTestServer();
    try {
      const [first, other] = await Promise.all(['First', 'Other'].map((name) => createKey(own, 'PROCTOR', 'default', name)));
      const { id: examId } = await createExam(own);
      const token = await join(own, examId, 'user_1');
      const warnings = await report(own, examId, 'user_1', ['noise', 'books']);
      const steps: [string, object, string][] = [
        [`/exams/${examId}/participants/user_1/review`, { status: 'violation', reason: 'r' }, first?.key ?? ''],
        [`/exams/${examId}/participants/user_1/review`, { status: 'violation', reason: 'r' }, other?.key ?? ''],
        [`/exams/${examId}/contest`, { text: 'No' }, token],
        [`/exams/${examId}/participants/user_1/review`, { status: 'overturned', reason: 'Right' }, other?.key ?? ''],
        [`/exams/${examId}/warnings/review`, { warningIds: warnings.map(({ id }) => id), decision: 'confirmed' }, other?.key ?? ''],
      ];
      const reviews = [];
      for (const [path, body, credential] of steps) {
        expect((await own.post(path, body, { credential })).status).toBe(200);
        await own.kill();
        await own.restart();
        reviews.push((await read(examId, own)).review);
      }
      expect(reviews).toEqual(['IN_REVIEW', 'VIOLATION', 'CONTESTED', 'OVERTURNED', 'OVERTURNED']);
      const { verdicts, contest: objection } = await read(examId, own);
      expect(verdicts).toHaveLength(3);
      expect(objection).toMatchObject({ text: 'No', answer: 'Right', answeredBy: 'Other' });
      const query = `{ exam(id: "${examId}") { warnings { edges { node { review { decision by } } } } } }`;
      const { exam } = await own.graphql().request<{ exam: { warnings: { edges: { node: object }[] } } }>(query);
      expect(exam.warnings.edges.map(({ node }) => node)).toEqual(
        Array.from({ length: 2 }, () => ({ review: { decision: 'CONFIRMED', by: 'Other' } })),
      );
    } finally {
      await own.stop();
    }
  });
});
