import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, startTestServer, type TestServer } from './helpers/server.ts';
import { film, photographs, seat, snap, watchLog } from './helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe.concurrent('what a camera shows', () => {
  it('for the hold time is one warning with its picture, and has an end when it is over', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const before = Date.now();
    await film(server, exam.id, token, ['oneFace', 'twoPeople', 'twoPeople', 'twoPeople', 'oneFace', 'oneFace', 'oneFace']);
    const opened = await log.opened('multiple_faces');
    expect(opened).toMatchObject({ source: 'ANALYSIS', severity: 'HIGH' });
    expect(opened.confidence).toBeGreaterThan(0.5);
    const since = Date.parse(opened.timestamp) - before;
    expect(since).toBeGreaterThan(500);
    expect(since).toBeLessThan(2_500);

    const picture = await fetch(opened.frameUrl ?? '');
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await picture.arrayBuffer()).equals(photographs.twoPeople)).toBe(true);

    const closed = await log.closed('multiple_faces');
    expect(closed.id).toBe(opened.id);
    const seconds = (Date.parse(closed.endedAt ?? '') - Date.parse(closed.timestamp)) / 1_000;
    expect(seconds).toBeGreaterThan(2);
    expect(seconds).toBeLessThan(5);
    expect(closed.details).toMatch(/^More than one face for \d s$/);
    expect(log.count('WarningAdded', 'multiple_faces')).toBe(1);
    const rest = (await (await server.rest(`/exams/${exam.id}/warnings`)).json()) as { warnings: object[] };
    expect(rest.warnings).toMatchObject([{ type: 'multiple_faces', endedAt: closed.endedAt }]);
  });

  it('for a moment is no warning', async () => {
    const { exam, token } = await seat(server);
    await film(server, exam.id, token, ['oneFace', 'nobody', 'oneFace', 'oneFace', 'nobody', 'nobody', 'oneFace', 'oneFace']);
    const { warnings } = (await (await server.rest(`/exams/${exam.id}/warnings`)).json()) as { warnings: object[] };
    expect(warnings).toEqual([]);
  });
});

describe('the door', () => {
  it('refuses what is no JPEG', async () => {
    const { exam } = await seat(server);
    const response = await snap(server, exam.id, Buffer.from('GIF89a'), ADMIN_KEY, { userId: 'user_1' });
    expect(response.status).toBe(400);
  });
});
