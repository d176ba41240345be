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

  it('gets a page that uses no device and shows no other page in it, where proctors and schools watch', async () => {
    const { adminUrl } = await createExam(server);
    for (const path of [pathOf(adminUrl), '/console/']) {
      const { status, headers } = await fetch(server.url + path);
      expect(status).toBe(200);
      const policy = headers.get('content-security-policy')?.split('; ') ?? [];
      for (const rule of ["script-src 'self'", "frame-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"])
        expect(policy).toContain(rule);
      expect(headers.get('permissions-policy')).toMatch(/camera=\(\), microphone=\(\), display-capture=\(\)/);
    }
  });

  it('gets to the page of a school also without the slash at its end, wherever a proxy has put it', async () => {
    const answer = await fetch(`${server.url}/console`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, 'console/']);
  });

  it.each([
    ['/exam/', 'GET'],
    ['/exam/exam_x/y', 'GET'],
    ['/exam/exam_%3Cscript%3E', 'GET'],
    ['/exam/index.html', 'GET'],
    ['/console/index.html', 'GET'],
  ])('gets 404 at %s by %s', async (path, method) => {
    const answer = await fetch(`${server.url}${path}`, { method });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: expect.objectContaining({ code: 'not_found' }) as object }),
    ]);
  });
});
