import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report } from '../helpers/exam.ts';
import { openRequest } from '../helpers/raw-request.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { openUntilExpired } from '../helpers/short-token.ts';

const TOKEN_SECRET = 'a secret that is only good for these tests';
const QUERY = 'subscription ($id: ID!) { warningAdded(examId: $id, after: 0) { type } }';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TOKEN_SECRET });
});
afterAll(() => server.stop());

/** A subscription by server-sent events, as it flows in. */
async function openStream(examId: string, credential: string, { url } = server) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query: QUERY, variables: { id: examId } }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    text: () => text,
    /** Reads until so much of it came; false where it ended before. */
    async until(wanted: (text: string) => boolean): Promise<boolean> {
      while (!wanted(text)) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return false;
        text += value;
      }
      return true;
    },
    cancel: () => reader?.cancel(),
  };
}

const count = (type: string) => (text: string) => text.includes(`"type":"${type}"`);

async function watchedExam() {
  const { id } = await createExam(server, { settings: { candidateView: 'live' } });
  await report(server, id, 'user_1', ['first']);
  return id;
}

describe('a subscription over server-sent events', () => {
  it('ends when its API key is revoked', async () => {
    const examId = await watchedExam();
    const { key, id } = await createKey(server, 'LMS');
    const stream = await openStream(examId, key);
    expect(await stream.until(count('first'))).toBe(true);
    await server.graphql().request(`mutation { revokeApiKey(id: "${id}") { id } }`);
    expect(await stream.until(count('second'))).toBe(false);
    await report(server, examId, 'user_1', ['second']);
    expect(stream.text()).toContain('event: complete');
  });

  it('ends when its token expires', async () => {
    const examId = await watchedExam();
    const stream = await openUntilExpired({ examId, secret: TOKEN_SECRET }, async (token) => {
      const opened = await openStream(examId, token);
      return (await opened.until(count('first'))) ? opened : null;
    });
    expect(await stream.until(count('never'))).toBe(false);
    expect(stream.text()).toContain('event: complete');
  });

  it('is limited to twenty per participant, which does not affect anybody else', async () => {
    const examId = await watchedExam();
    const token = await join(server, examId, 'user_1');
    const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(examId, token)));
    for (const stream of streams) expect(await stream.until(count('first'))).toBe(true);
    const refused = await openStream(examId, token);
    await refused.until(() => false);
    expect(refused.text()).toContain('RATE_LIMITED');
    const neighbour = await openStream(examId, await join(server, examId, 'user_2'));
    await report(server, examId, 'user_2', ['second']);
    expect(await neighbour.until(count('second'))).toBe(true);
    await streams[0]?.cancel();
    const next = async () => {
      const stream = await openStream(examId, token);
      const isOpen = await stream.until(count('first'));
      await stream.cancel();
      return isOpen;
    };
    await expect.poll(next).toBe(true);
    for (const stream of [...streams, neighbour]) await stream.cancel();
  });

  it('is cut off at a shutdown, which does not wait for it', async () => {
    const examId = await watchedExam();
    const second = await server.another();
    const { key } = await createKey(server, 'LMS');
    const stream = await openStream(examId, key, second);
    expect(await stream.until(count('first'))).toBe(true);
    // A body that does not end is waited for, until after 10 s all connections are cut.
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'content-length': '100000' };
    const unfinished = openRequest(second, { path: '/api/exams', headers });
    unfinished.write('{"title":"');
    const ended = stream.until(count('never')).catch(() => 'broken off');
    const stopped = second.stop();
    expect(await Promise.race([ended, unfinished.closed.then(() => 'later')])).toBe('broken off');
    unfinished.destroy();
    await stopped;
    expect(stream.text()).not.toContain('event: complete');
  });
});
