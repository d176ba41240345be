import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ LOG_LEVEL: 'info' });
});
afterAll(() => server.stop());

const pathOf = (url: string) => new URL(url).pathname;

describe('a browser at the link of an exam', () => {
  it('gets a page that is the same for every exam, whether there is one or not', async () => {
    const { accessUrl, adminUrl, title } = await createExam(server, { title: 'A <b>secret</b> title' });
    for (const url of [accessUrl, adminUrl]) {
      const path = pathOf(url);
      const answer = await fetch(`${server.url}${path}`);
      const page = await answer.text();
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('referrer-policy')]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-referrer',
      ]);
      expect(page).not.toContain(title);
      const other = await fetch(`${server.url}${path.replace(/exam_\w+$/, 'exam_0000000000000000000000')}`);
      expect(await other.text()).toBe(page);
    }
    await expect.poll(() => server.log()).toContain('"/admin/exam/:examId"');
    await expect.poll(() => server.log()).toContain('"/exam/:examId"');
  });

  it('reads at that of proctors what the link is for, and runs only the script of that page, which may ask this server only', async () => {
    const { adminUrl } = await createExam(server);
    const answer = await fetch(`${server.url}${pathOf(adminUrl)}`);
    const page = await answer.text();
    expect(page).toMatch(/<h1>[^<]*link[^<]*<\/h1>/i);
    const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'; script-src 'sha256-${hash}';`);
    expect(policy).toContain("connect-src 'self'");
    expect(script).not.toMatch(/innerHTML|insertAdjacent|document\.write|eval/);
  });

  it.each([
    ['/exam/', 'GET'],
    ['/exam/exam_x/y', 'GET'],
    ['/exam/exam_%3Cscript%3E', 'GET'],
    ['/exam/index.html', 'GET'],
    ['/admin/exam/exam_0123456789', 'POST'],
  ])('gets 404 at %s by %s', async (path, method) => {
    const answer = await fetch(`${server.url}${path}`, { method });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: expect.objectContaining({ code: 'not_found' }) as object }),
    ]);
  });
});
