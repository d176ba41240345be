import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../rest-compat/routes.ts';
import { projectRoot } from '../../src/paths.ts';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

it('the reference describes every route, and no other', async () => {
  const page = await readFile(join(projectRoot, 'docs/rest.md'), 'utf8');
  const described = [...page.matchAll(/^### (\w+ \/\S+)$/gm)].map(([, route]) => route);
  expect(described).toEqual(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`));
});

describe('a submission by an API key to a new exam', () => {
  it('says where the user may be named if it names none', async () => {
    const { id } = await createExam(server);
    const refused = await server.post(`/exams/${id}/submit`, { stats: {} });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({
        error: expect.objectContaining({
          details: [{ field: 'userId', issue: expect.stringMatching(/is required.*in the body.*\?userId=/) as string }],
        }) as object,
      }),
    ]);
  });

  it.each(['body', 'query'])('is accepted with the user in the %s', async (place) => {
    const { id } = await createExam(server);
    const answer =
      place === 'body'
        ? await server.post(`/exams/${id}/submit`, { userId: 'user_789', stats: {} })
        : await server.post(`/exams/${id}/submit?userId=user_789`, { stats: {} });
    expect(await answer.json()).toMatchObject({ userId: 'user_789', status: 'received' });
  });
});
