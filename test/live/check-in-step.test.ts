import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, type RestExam, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

async function ask<T>(query: string, credential?: string, to = server): Promise<T | string> {
  try {
    return await to.graphql(credential).request<T>(query);
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}
const beat = (examId: string, credential: string, step?: string | null, to = server) =>
  ask(
    `mutation { heartbeat(examId: "${examId}"${step === undefined ? '' : `, step: ${JSON.stringify(step)}`}) { checkInStep } }`,
    credential,
    to,
  );

const STEPS = `participants(first: 50) { edges { node { userId checkInStep } } }`;
async function stepsOf(examId: string, credential?: string): Promise<Record<string, string | null> | string> {
  interface Answer {
    exam: { participants: { edges: { node: { userId: string; checkInStep: string | null } }[] } };
  }
  const answer = await ask<Answer>(`{ exam(id: "${examId}") { ${STEPS} } }`, credential);
  if (typeof answer === 'string') return answer;
  return Object.fromEntries((answer.exam?.participants.edges ?? []).map(({ node }) => [node.userId, node.checkInStep]));
}

async function seated(users: number): Promise<{ exam: RestExam; people: { userId: string; token: string }[] }> {
  const exam = await createExam(server, { settings: { identityPhoto: true } });
  const people = await Promise.all(
    Array.from({ length: users }, async (_, n) => ({ userId: `user_${n}`, token: await join(server, exam.id, `user_${n}`) })),
  );
  return { exam, people };
}

it('staff see where each of many is stuck, as the newest heartbeat said, at whichever server; candidates read nothing of it', async () => {
  const { exam, people } = await seated(20);
  const steps = ['notice', 'devices', 'camera_denied', 'camera_busy', 'photo'];
  const stepOf = (n: number) => steps[n % steps.length] ?? '';
  await Promise.all(people.map(({ token }, n) => beat(exam.id, token, 'welcome', n % 2 ? server : second)));
  await expect.poll(async () => Object.values(await stepsOf(exam.id))).toEqual(people.map(() => 'welcome'));
  await Promise.all(people.map(({ token }, n) => beat(exam.id, token, stepOf(n), n % 2 ? second : server)));
  const expected = Object.fromEntries(people.map(({ userId }, n) => [userId, stepOf(n)]));
  await expect.poll(() => stepsOf(exam.id)).toEqual(expected);
  // One that does not say keeps the last.
  expect(await beat(exam.id, people[0]?.token ?? '')).toEqual({ heartbeat: { checkInStep: null } });
  expect(await beat(exam.id, people[0]?.token ?? '', null)).toEqual({ heartbeat: { checkInStep: null } });
  const pulse = collect<{ examPulse: { participants: { userId: string; step: string | null }[] } }>(
    server.subscribe(tokenIn(exam.adminUrl)),
    'subscription ($id: ID!) { examPulse(examId: $id) { participants { userId step } } }',
    { id: exam.id },
  );
  const [first] = await pulse.take(1);
  pulse.unsubscribe();
  expect(Object.fromEntries(first?.examPulse.participants.map(({ userId, step }) => [userId, step]) ?? [])).toEqual(expected);
  for (const { userId, token } of people.slice(0, 3)) expect(await stepsOf(exam.id, token)).toEqual({ [userId]: null });
});

it('is gone once the candidate is in, and no heartbeat of theirs brings it back', async () => {
  const { exam, people } = await seated(2);
  const [one, two] = people;
  await beat(exam.id, one?.token ?? '', 'photo');
  await beat(exam.id, two?.token ?? '', 'proof');
  await expect.poll(() => stepsOf(exam.id)).toEqual({ user_0: 'photo', user_1: 'proof' });
  const admitted = `mutation { admitParticipants(examId: "${exam.id}", userIds: ["user_0"], reason: "No camera") { checkInStep } }`;
  expect(await ask(admitted)).toEqual({ admitParticipants: [{ checkInStep: null }] });
  await beat(exam.id, one?.token ?? '', 'devices');
  await beat(exam.id, two?.token ?? '', 'devices');
  await expect.poll(() => stepsOf(exam.id)).toEqual({ user_0: null, user_1: 'devices' });
});

it('what is no slug is refused, as is whoever has no seat, and nothing of it is in the log', async () => {
  const { exam, people } = await seated(1);
  const { exam: other, people: others } = await seated(1);
  const token = people[0]?.token ?? '';
  const log = () => ask<{ exam: { lastSeq: number } }>(`{ exam(id: "${exam.id}") { lastSeq } }`);
  const before = await log();
  for (const step of ['', 'Camera', 'a b', '<b>', 'x'.repeat(65), 'caf\u00E9', '\u0000'])
    expect(await beat(exam.id, token, step)).toBe('INVALID_REQUEST');
  const { key } = await createKey(server, 'LMS');
  const hostile = [others[0]?.token ?? '', tokenIn(exam.adminUrl), tokenIn(exam.accessUrl), key, 'invigil_none'];
  const codes = await Promise.all(hostile.map((credential) => beat(exam.id, credential, 'photo')));
  expect(codes).toEqual(['NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'UNAUTHORIZED']);
  await beat(exam.id, token, 'x'.repeat(64));
  await expect.poll(() => stepsOf(exam.id)).toEqual({ user_0: 'x'.repeat(64) });
  expect(await stepsOf(other.id)).toEqual({ user_0: null });
  expect(await log()).toEqual(before);
});
