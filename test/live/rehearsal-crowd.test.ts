import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { recorded } from '../helpers/live.ts';
import { openRequest } from '../helpers/raw-request.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type Bytes = Uint8Array<ArrayBuffer>;
const send = (path: string, credential: string | null, type: string, body: Bytes) =>
  server.rest(path, { method: 'POST', credential, headers: { 'content-type': type }, body });
const pathOf = (examId: string) => ({ picture: `/exams/${examId}/check-picture`, echo: `/exams/${examId}/echo` });
const codeOf = async (answer: Response) => ((await answer.json()) as { error?: { code: string } }).error?.code;

/** An exam with people invited, and the tokens of their links. */
async function invite(count: number) {
  const exam = await createExam(server);
  const people = Array.from({ length: count }, (_, i) => ({ userId: `user_${i}` }));
  const answer = await server.post(`/exams/${exam.id}/participants`, { participants: people });
  const { participants } = (await answer.json()) as { participants: { accessUrl: string }[] };
  const links = participants.map(({ accessUrl }) => tokenIn(accessUrl));
  return { examId: exam.id, shared: tokenIn(exam.accessUrl), admin: tokenIn(exam.adminUrl), links };
}

/** The same recording with other bytes for each: an element that readers skip (`Void`, RFC 8794 section 11.3.2). */
function clipOf(clip: Buffer, index: number): Bytes {
  const own = Buffer.from(`clip ${String(index).padStart(10, '0')}`);
  return new Uint8Array(Buffer.concat([clip, Buffer.from([0xec, 0x80 + own.length]), own]));
}

/** Sends a picture from another address of this machine. */
async function sendFrom(localAddress: string, path: string, credential: string, body: Bytes): Promise<number> {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'image/jpeg' };
  const req = request(`${server.api}${path}`, { method: 'POST', localAddress, headers, agent: false }).end(body);
  const [res] = await once(req, 'response');
  await text(res);
  return res.statusCode;
}

describe('trying out the camera, many at once', () => {
  it('gives each what that person sent, strangers nothing, and keeps nothing, also of those who leave', async () => {
    const { examId, shared, admin, links } = await invite(12);
    const other = await invite(1);
    const seats = await Promise.all(links.slice(0, 6).map((link, i) => join(server, examId, `user_${i}`, link)));
    const { key: ofElsewhere } = await createKey(server, 'LMS', 'elsewhere');
    const before = await server.storedFiles();
    const paths = pathOf(examId);
    const clip = await recorded(1);
    const pictures = [await faces.nobody(), await faces.one()];
    const echo = async (credential: string, index: number) => {
      const sent = clipOf(clip, index);
      const back = await send(paths.echo, credential, 'video/webm', sent);
      expect([back.status, Buffer.from(await back.arrayBuffer()).equals(Buffer.from(sent))]).toEqual([200, true]);
    };
    const check = async (credential: string, index: number) => {
      const answer = await send(paths.picture, credential, 'image/jpeg', pictures[index % 2] as Bytes);
      expect(await answer.json()).toMatchObject({ faces: index % 2 });
    };
    const refused = async (credential: string | null, code: string) => {
      expect(await codeOf(await send(paths.echo, credential, 'video/webm', clipOf(clip, 0)))).toBe(code);
      expect(await codeOf(await send(paths.picture, credential, 'image/jpeg', pictures[0] as Bytes))).toBe(code);
    };
    /** Goes in the middle of the upload, or as soon as the answer begins. */
    const leave = async (credential: string, index: number) => {
      const sent = clipOf(clip, index);
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'video/webm', 'content-length': String(sent.length) };
      const leaving = openRequest(server, { path: `/api${paths.echo}`, headers });
      leaving.write(index % 2 ? sent : sent.subarray(0, 20_000));
      await setTimeout(20 * index);
      leaving.destroy();
    };
    const own = [...links, ...seats, ...Array.from({ length: 12 }, () => shared)];
    await Promise.all([
      ...own.flatMap((credential, i) => [echo(credential, 2 * i), echo(credential, 2 * i + 1), check(credential, i)]),
      ...[other.shared, ...other.links].map((credential) => refused(credential, 'not_found')),
      ...[admin, ofElsewhere].map((credential) => refused(credential, 'forbidden')),
      refused(null, 'unauthorized'),
      ...links.map((link, i) => leave(link, i)),
    ]);
    await expect.poll(() => server.storedFiles()).toEqual(before);
  });

  it('does not let the finder of a link use up the tries of the one who has joined', async () => {
    const { examId, links } = await invite(1);
    const [link = ''] = links;
    const seat = await join(server, examId, 'user_0', link);
    const nobody = await faces.nobody();
    const codes = (credential: string, times: number) =>
      Promise.all(Array.from({ length: times }, async () => codeOf(await send(pathOf(examId).picture, credential, 'image/jpeg', nobody))));
    expect((await codes(link, 25)).filter((code) => code === 'rate_limited')).toHaveLength(5);
    expect(await codes(seat, 1)).toEqual([undefined]);
  });

  it('lets who sends pictures that take long wait behind their own only', async () => {
    const { examId, links } = await invite(2);
    const [hostile = '', other = ''] = links;
    const path = pathOf(examId).picture;
    const huge = await sharp({ create: { width: 6_300, height: 6_300, channels: 4, background: '#8899aa' } })
      .png({ progressive: true })
      .toBuffer();
    const small = await faces.nobody();
    let answered = 0;
    const slow = Array.from({ length: 8 }, async () => {
      await (await send(path, hostile, 'image/png', new Uint8Array(huge))).arrayBuffer();
      answered += 1;
    });
    await Promise.race(slow);
    await (await send(path, other, 'image/jpeg', small)).arrayBuffer();
    expect(answered).toBeLessThan(slow.length - 1);
    await Promise.all(slow);
  });

  it('sends no file back that holds many recordings, which takes long to read', async () => {
    const { examId, links } = await invite(1);
    const clip = await recorded(1);
    const many = new Uint8Array(Buffer.concat([clip, clip]));
    expect(await codeOf(await send(pathOf(examId).echo, links[0] ?? '', 'video/webm', many))).toBe('invalid_request');
  });

  it('counts the uploads that a link has open, of a shared one those of each address', async () => {
    const { examId, shared, links } = await invite(1);
    const path = `/api${pathOf(examId).picture}`;
    const open = (credential: string) =>
      openRequest(server, {
        path,
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'image/jpeg', 'content-length': '9000000' },
      });
    const [link = ''] = links;
    for (const [credential, most] of [
      [link, 8],
      [shared, 100],
    ] as const) {
      const held = Array.from({ length: most + 1 }, () => open(credential));
      const refused = await Promise.race(held.map(({ answer }) => answer));
      expect(refused.status).toBe(429);
      if (credential === shared && process.platform === 'linux')
        expect(
          await sendFrom(
            '127.0.0.2',
            pathOf(examId).picture,
            shared,
            new Uint8Array(
              await sharp(await faces.several())
                .png()
                .toBuffer(),
            ),
          ),
        ).toBe(200);
      for (const one of held) one.destroy();
    }
  });

  // Elsewhere a machine has only one address of its own.
  it.skipIf(process.platform !== 'linux')('does not let one with the shared link use up the tries of another', async () => {
    const { examId, shared } = await invite(1);
    const path = pathOf(examId).picture;
    const none = new Uint8Array(Buffer.from('no picture'));
    const told = await Promise.all(Array.from({ length: 301 }, () => sendFrom('127.0.0.2', path, shared, none)));
    expect(told.filter((status) => status === 429)).toHaveLength(1);
    expect(await sendFrom('127.0.0.3', path, shared, none)).toBe(400);
  });
});
