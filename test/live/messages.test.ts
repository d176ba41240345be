import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

interface Sent {
  id: string;
  userId: string | null;
  from: string;
  by: string;
  text: string;
  readAt: string | null;
}
interface Answer extends Sent {
  error?: { code: string; details: { field: string }[] };
}
const post = async (path: string, body: object, credential?: string) =>
  (await (await server.post(path, body, credential ? { credential } : {})).json()) as Answer;
const send = (examId: string, body: object, credential?: string) => post(`/exams/${examId}/messages`, body, credential);
const list = async (examId: string, credential?: string) =>
  ((await (await server.rest(`/exams/${examId}/messages`, credential ? { credential } : {})).json()) as { messages: Sent[] }).messages;
const read = (id: string, credential?: string) => post(`/messages/${id}/read`, {}, credential);

const EVENTS = /* GraphQL */ `
  subscription ($id: ID!) {
    examEvents(examId: $id, after: 0) {
      __typename
      ... on MessageSent {
        message {
          text
          by
        }
      }
      ... on MessageRead {
        message {
          text
          readAt
        }
      }
      ... on ParticipantChanged {
        change {
          what
          to
          reason
        }
      }
    }
  }
`;
interface Event {
  examEvents: { __typename: string; message?: { text: string; by?: string }; change?: { what: string; to: string; reason: string | null } };
}
const watch = (examId: string, credential?: string) => collect<Event>(second.subscribe(credential), EVENTS, { id: examId });
const isRead = ({ __typename }: Event['examEvents']) => __typename === 'MessageRead';
const texts = (live: ReturnType<typeof watch>) =>
  live.items.flatMap(({ examEvents: { __typename, message } }) => (__typename === 'MessageSent' && message ? [message.text] : []));

describe('a message', () => {
  it('reaches whom it is for and nobody else, live and in the list, and hides who of the staff wrote', async () => {
    const exam = await createExam(server);
    const [one, two] = [await join(server, exam.id, 'user_1'), await join(server, exam.id, 'user_2')];
    const [ofOne, ofTwo, ofStaff] = [watch(exam.id, one), watch(exam.id, two), watch(exam.id)];
    await send(exam.id, { userId: 'user_1', text: 'Move closer' });
    await send(exam.id, { text: 'Ten minutes' });
    await send(exam.id, { text: 'My camera fails' }, two);
    for (const live of [ofOne, ofTwo, ofStaff]) {
      const last = live === ofOne ? 'Ten minutes' : 'My camera fails';
      await live.find(({ examEvents }) => examEvents.message?.text === last);
    }
    expect(texts(ofOne)).toEqual(['Move closer', 'Ten minutes']);
    expect(texts(ofTwo)).toEqual(['Ten minutes', 'My camera fails']);
    expect(texts(ofStaff)).toEqual(['Move closer', 'Ten minutes', 'My camera fails']);
    expect((await list(exam.id, one)).map(({ text, by, from }) => [text, by, from])).toEqual([
      ['Move closer', 'staff', 'staff'],
      ['Ten minutes', 'staff', 'staff'],
    ]);
    expect((await list(exam.id)).map(({ by }) => by)).toEqual(['bootstrap', 'bootstrap', 'user_2']);
    const paged = `{ exam(id: "${exam.id}") { messages(last: 2) { edges { node { text } } } participant(userId: "user_1") { messages { edges { node { text } } } } } }`;
    expect(await server.graphql(one).request(paged)).toEqual({
      exam: {
        messages: { edges: [{ node: { text: 'Move closer' } }, { node: { text: 'Ten minutes' } }] },
        participant: { messages: { edges: [{ node: { text: 'Move closer' } }] } },
      },
    });
  });

  it('is marked as read by the other side, once, and to everybody counted by person', async () => {
    const exam = await createExam(server);
    const [one, two] = [await join(server, exam.id, 'user_1'), await join(server, exam.id, 'user_2')];
    const log = watch(exam.id);
    const { id } = await send(exam.id, { userId: 'user_1', text: 'Move closer' });
    const { id: asked } = await send(exam.id, { text: 'My camera fails' }, one);
    const { id: toAll } = await send(exam.id, { text: 'Ten minutes' });
    expect((await read(id, two)).error?.code).toBe('not_found');
    expect((await read(id)).error?.code).toBe('conflict');
    expect((await read(asked, one)).error?.code).toBe('conflict');
    const [first, again] = [await read(id, one), await read(id, one)];
    expect(first.readAt).toEqual(expect.any(String));
    expect(again.readAt).toBe(first.readAt);
    await Promise.all([read(toAll, one), read(toAll, one), read(toAll, two)]);
    expect((await list(exam.id, two)).map(({ readAt }) => typeof readAt)).toEqual(['string']);
    const query = `{ messages(examId: "${exam.id}") { readCount readAt } }`;
    expect((await server.graphql().request<{ messages: object[] }>(query)).messages).toMatchObject([
      { readCount: 1 },
      { readCount: 0, readAt: null },
      { readCount: 2, readAt: null },
    ]);
    await read(asked);
    await log.find(() => log.items.filter(({ examEvents }) => isRead(examEvents)).length === 2);
  });

  it('that is bad, from nobody, for nobody or too late is refused, and nothing is stored', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    await join(server, exam.id, 'user_2');
    const { key } = await createKey(server, 'LMS', 'elsewhere');
    const refusal = async (body: object, credential?: string) => {
      const { error } = await send(exam.id, body, credential);
      return [error?.code, error?.details[0]?.field];
    };
    expect(await refusal({ text: ' ' })).toEqual(['invalid_request', 'text']);
    expect(await refusal({ text: 'x'.repeat(2_001) })).toEqual(['invalid_request', 'text']);
    expect((await refusal({ text: 'x'.repeat(1_000_000) }))[0]).toBe('invalid_request');
    expect((await refusal({ text: 'x'.repeat(1_000_000) }, token))[0]).toBe('invalid_request');
    expect(await refusal({ userId: 'nobody', text: 'Hello' })).toEqual(['not_found', undefined]);
    expect((await refusal({ userId: 'user_2', text: 'Psst' }, token))[0]).toBe('forbidden');
    expect((await refusal({ text: 'Hello' }, tokenIn(exam.accessUrl)))[0]).toBe('forbidden');
    expect((await refusal({ text: 'Hello' }, key))[0]).toBe('not_found');
    await server.rest(`/exams/${exam.id}/end`, { method: 'POST' });
    expect((await refusal({ text: 'Late' }))[0]).toBe('conflict');
    expect(await list(exam.id)).toEqual([]);
  });

  it('of one who writes without end is told when to try again, and others are not held up', async () => {
    const exam = await createExam(server);
    const [flood, other] = [await join(server, exam.id, 'user_1'), await join(server, exam.id, 'user_2')];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => server.post(`/exams/${exam.id}/messages`, { text: `${i}` }, { credential: flood })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(20);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await send(exam.id, { text: 'Me too' }, other)).text).toBe('Me too');
  });

  it('that was answered is there after the server was killed', async () => {
    const alone = await startTestServer();
    try {
      const exam = await createExam(alone);
      await join(alone, exam.id, 'user_1');
      const idempotent = { headers: { 'idempotency-key': 'once' } };
      const first = await (await alone.post(`/exams/${exam.id}/messages`, { text: 'Hello' }, idempotent)).json();
      await alone.kill();
      await alone.restart();
      expect(await (await alone.post(`/exams/${exam.id}/messages`, { text: 'Hello' }, idempotent)).json()).toEqual(first);
      const stored = (await (await alone.rest(`/exams/${exam.id}/messages`)).json()) as { messages: object[] };
      expect(stored.messages).toEqual([first]);
    } finally {
      await alone.stop();
    }
  });
});

describe('a raised hand', () => {
  const hand = async (examId: string) => {
    const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { handRaised handText } } }`;
    return (await server.graphql().request<{ exam: { participant: object } }>(query)).exam.participant;
  };

  it('is seen by staff until either side lowers it, with one event each', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    const log = watch(exam.id);
    const up = (text?: string) => post(`/exams/${exam.id}/hand`, { text }, token);
    await Promise.all([up('May I go out?'), up('May I go out?')]);
    expect(await hand(exam.id)).toEqual({ handRaised: true, handText: 'May I go out?' });
    await post(`/exams/${exam.id}/hand/lower`, { userId: 'user_1' });
    await post(`/exams/${exam.id}/hand/lower`, { userId: 'user_1' });
    await up();
    await post(`/exams/${exam.id}/hand/lower`, {}, token);
    expect(await hand(exam.id)).toEqual({ handRaised: false, handText: null });
    const changes = async () =>
      log.items.flatMap(({ examEvents: { change } }) => (change?.what === 'hand' ? [[change.to, change.reason]] : []));
    await expect.poll(changes).toEqual([
      ['up', 'May I go out?'],
      ['down', null],
      ['up', null],
      ['down', null],
    ]);
  });

  it('is only raised by who is in the exam, for themselves, and is down when they leave', async () => {
    const exam = await createExam(server);
    const [token, other] = [await join(server, exam.id, 'user_1'), await join(server, exam.id, 'user_2')];
    expect((await post(`/exams/${exam.id}/hand`, {})).error?.code).toBe('forbidden');
    await post(`/exams/${exam.id}/hand`, {}, token);
    expect((await post(`/exams/${exam.id}/hand/lower`, { userId: 'user_1' }, other)).error?.code).toBe('forbidden');
    await post(`/exams/${exam.id}/participants/user_1/terminate`, { reason: 'Left the room' });
    expect(await hand(exam.id)).toEqual({ handRaised: false, handText: null });
    expect((await post(`/exams/${exam.id}/hand`, {}, token)).error?.code).toBe('conflict');
  });
});
