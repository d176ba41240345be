import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, report, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

interface Added {
  warningAdded: { seq: number; type: string; userId: string };
}

const WARNINGS = /* GraphQL */ `
  subscription Watch($examId: ID!, $after: SafeInt, $minSeverity: WarningSeverity, $userId: ID) {
    warningAdded(examId: $examId, after: $after, minSeverity: $minSeverity, userId: $userId) {
      seq
      type
      userId
    }
  }
`;
const EVENTS = /* GraphQL */ `
  subscription Watch($examId: ID!, $after: SafeInt) {
    examEvents(examId: $examId, after: $after) {
      __typename
      seq
      ... on ExamChanged {
        exam {
          status
        }
      }
      ... on ParticipantChanged {
        participant {
          userId
          status
        }
      }
      ... on WarningReviewed {
        warning {
          review {
            decision
            by
          }
        }
      }
    }
  }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('a proctor who watches', () => {
  it('sees a warning as soon as it is reported', async () => {
    const exam = await createExam(server);
    const live = collect<Added>(server.subscribe(), WARNINGS, { examId: exam.id, after: 0 });
    await report(server, exam.id, 'user_1', ['tab_switch']);
    expect(await live.take(1)).toMatchObject([{ warningAdded: { type: 'tab_switch', userId: 'user_1' } }]);
  });

  it('misses nothing and sees nothing twice when the socket drops while warnings keep coming', async () => {
    const exam = await createExam(server);
    const total = 120;
    const reporting = (async () => {
      for (let i = 0; i < total; i++) await report(server, exam.id, `user_${i % 3}`, ['window_blur']);
    })();
    const seen: number[] = [];
    let after = 0;
    while (seen.length < total) {
      const client = server.subscribe();
      const live = collect<Added>(client, WARNINGS, { examId: exam.id, after });
      const batch = await live.take(Math.min(25, total - seen.length));
      client.terminate();
      seen.push(...batch.map(({ warningAdded }) => warningAdded.seq));
      after = seen.at(-1) ?? after;
    }
    await reporting;
    const stored = (await (await server.rest(`/exams/${exam.id}/warnings`)).json()) as { warnings: { seq: number }[] };
    expect(seen).toEqual(stored.warnings.map(({ seq }) => seq));
    expect(new Set(seen).size).toBe(total);
  });

  it('finds everything after a restart of the server', async () => {
    const exam = await createExam(server);
    const [first] = await report(server, exam.id, 'user_1', ['noise', 'books', 'devtools']);
    await server.kill();
    await server.restart();
    const live = collect<Added>(server.subscribe(), WARNINGS, { examId: exam.id, after: first?.seq });
    expect((await live.take(2)).map(({ warningAdded }) => warningAdded.type)).toEqual(['books', 'devtools']);
  });

  it('can subscribe to the severe warnings of one candidate only', async () => {
    const exam = await createExam(server);
    await report(server, exam.id, 'user_1', ['noise', 'headphones']);
    await report(server, exam.id, 'user_2', ['headphones', 'face_mismatch', 'remote_control']);
    const live = collect<Added>(server.subscribe(), WARNINGS, { examId: exam.id, after: 0, minSeverity: 'HIGH', userId: 'user_2' });
    expect((await live.take(2)).map(({ warningAdded }) => warningAdded.type)).toEqual(['headphones', 'remote_control']);
  });

  it('shows a finding of the analysis that a client claims as no more than medium', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    await report(server, exam.id, 'user_1', ['face_mismatch', 'phone_usage', 'looking_away'], token);
    const query = `{ exam(id: "${exam.id}") { warnings { edges { node { type severity source } } } } }`;
    const { exam: read } = await server.graphql().request<{ exam: { warnings: { edges: { node: object }[] } } }>(query);
    expect(read.warnings.edges.map(({ node }) => node)).toEqual([
      { type: 'face_mismatch', severity: 'MEDIUM', source: 'CLIENT' },
      { type: 'phone_usage', severity: 'MEDIUM', source: 'CLIENT' },
      { type: 'looking_away', severity: 'LOW', source: 'CLIENT' },
    ]);
  });

  it('follows the whole exam in one contiguous log', async () => {
    const exam = await createExam(server);
    const live = collect<{ examEvents: { __typename: string; seq: number } }>(server.subscribe(), EVENTS, { examId: exam.id, after: 0 });
    await join(server, exam.id, 'user_1');
    const [warning] = await report(server, exam.id, 'user_1', ['tab_switch']);
    await server
      .graphql()
      .request(`mutation { reviewWarning(warningId: "${warning?.id}", decision: CONFIRMED) { id } endExam(examId: "${exam.id}") { id } }`);
    const events = (await live.take(6)).map(({ examEvents }) => examEvents);
    expect(events.map(({ __typename }) => __typename)).toEqual([
      'ExamChanged',
      'ParticipantChanged',
      'WarningAdded',
      'WarningReviewed',
      'ParticipantChanged',
      'ExamChanged',
    ]);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(events[5]).toMatchObject({ exam: { status: 'COMPLETED' } });
  });

  it('keeps the socket open after an invalid operation', async () => {
    const exam = await createExam(server);
    const client = server.subscribe();
    const broken = collect(client, 'subscription { warningAdded(examId: ', {});
    await broken.end();
    expect(broken.errors).toMatchObject([[{ message: expect.stringContaining('Syntax Error') }]]);
    await report(server, exam.id, 'user_1', ['noise']);
    expect(await collect<Added>(client, WARNINGS, { examId: exam.id, after: 0 }).take(1)).toHaveLength(1);
  });
});

describe('the access to live warnings', () => {
  it('is limited to their own warnings for candidates', async () => {
    const exam = await createExam(server, { settings: { candidateView: 'live' } });
    const token = await join(server, exam.id, 'user_1');
    const live = collect<Added>(server.subscribe(token), WARNINGS, { examId: exam.id, after: 0 });
    await report(server, exam.id, 'user_2', ['noise']);
    await report(server, exam.id, 'user_1', ['books']);
    expect(await live.take(1)).toMatchObject([{ warningAdded: { userId: 'user_1', type: 'books' } }]);
  });

  it('is limited to its own exam for an admin link', async () => {
    const [mine, other] = [await createExam(server), await createExam(server)];
    const client = server.subscribe(tokenIn(mine.adminUrl));
    const refused = collect<Added>(client, WARNINGS, { examId: other.id, after: 0 });
    await refused.end();
    expect(refused.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    await report(server, mine.id, 'user_1', ['noise']);
    expect(await collect<Added>(client, WARNINGS, { examId: mine.id, after: 0 }).take(1)).toHaveLength(1);
  });

  it('is refused to a socket without valid credentials, with a code after which clients give up and the reason', async () => {
    const exam = await createExam(server);
    const unknown = 'The API key or access token is unknown, revoked or expired';
    const reasons = { '': 'connection_init must contain {"authorization": "Bearer <API key or token>"}', invigil_wrong: unknown };
    for (const [credential, reason] of Object.entries({ ...reasons, 'eyJhbGciOiJub25lIn0.e30.': unknown })) {
      const refused = collect<Added>(server.subscribe(credential), WARNINGS, { examId: exam.id, after: 0 });
      await refused.end();
      expect(refused.errors).toMatchObject([{ code: 4401, reason }]);
    }
  });

  it('is refused to the holder of an access link who has not joined', async () => {
    const exam = await createExam(server);
    const refused = collect<Added>(server.subscribe(tokenIn(exam.accessUrl)), WARNINGS, { examId: exam.id, after: 0 });
    await refused.end();
    expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});
