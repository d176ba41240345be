import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { film as filmVideo, pictures } from '../helpers/media.ts';
import { eventually } from '../helpers/patience.ts';
import { runSql } from '../helpers/postgres.ts';
import { analysed, form } from '../helpers/recordings.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { film, goOn, photograph, photographs, seat, sensitive, show, snap, unhurried, watchLog } from '../helpers/snapshots.ts';
import { type Actor, living, stageSnapshots, still } from '../helpers/stage.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer(unhurried);
  second = await server.another();
  // Both have loaded their models before any snapshot counts.
  for (const one of [server, second]) {
    const { exam, token } = await seat(one);
    await show(one, exam.id, token, 'oneFace');
  }
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

/** A server in real time, on a database of its own, that is asked as often as it allows, and can look at one snapshot at a time. */
let weak: TestServer;
beforeAll(async () => {
  weak = await startTestServer({ VISION_WORKERS: '1' });
});
afterAll(() => weak?.stop());

/**
 * Sends five pictures that cannot be read, one after the other. Each has had its turn before the next one comes, which would take its
 * place: then the server would have been too busy for it.
 */
async function sendDamaged(to: TestServer, examId: string, token: string): Promise<void> {
  const damaged = photographs.oneFace.subarray(0, photographs.oneFace.length / 2);
  const other = await seat(to);
  for (let at = 0; at < 5; at += 1) {
    expect((await snap(to, examId, damaged, token)).status).toBe(200);
    // Whoever sends later is looked at later.
    await show(to, other.exam.id, other.token, 'oneFace');
    await setTimeout(1_000);
  }
}

const listWarnings = async (examId: string) =>
  ((await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: { id: string; type: string; endedAt?: string }[] })
    .warnings;

// One film after the other: a busy machine looks at too few pictures a second for several.
describe('something that a camera shows', () => {
  it('for the hold time raises one warning with its picture, which gets an end when it is over', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const sent = await film(server, exam.id, token, ['oneFace', 'twoPeople', 'twoPeople', 'twoPeople', 'oneFace', 'oneFace', 'oneFace']);
    const opened = await log.opened('multiple_faces');
    expect(opened).toMatchObject({ source: 'ANALYSIS', severity: 'HIGH' });
    expect(opened.confidence).toBeGreaterThan(0.5);
    // It began with the second picture, and not when it had lasted.
    expect(Math.abs(Date.parse(opened.timestamp) - (sent[1] ?? 0))).toBeLessThan(900);

    const picture = await fetch(opened.frameUrl ?? '');
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await picture.arrayBuffer()).equals(photographs.twoPeople)).toBe(true);
    const unsigned = new URL(opened.frameUrl ?? '').pathname.replace('/api', '');
    expect((await server.rest(unsigned, { credential: token })).status).toBe(200);
    const stranger = await join(server, exam.id, 'user_2');
    expect((await server.rest(unsigned, { credential: stranger })).status).toBe(404);

    const closed = await log.closed('multiple_faces');
    expect(closed.id).toBe(opened.id);
    expect(Math.abs(Date.parse(closed.endedAt ?? '') - (sent[4] ?? 0))).toBeLessThan(900);
    expect(closed.details).toMatch(/^More than one face for \d s$/);
    expect(log.count('WarningAdded', 'multiple_faces')).toBe(1);
    expect(await listWarnings(exam.id)).toMatchObject([{ type: 'multiple_faces', endedAt: closed.endedAt }]);
  });

  it('for a moment neither starts a warning nor ends one', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const quiet = ['oneFace', 'nobody', 'oneFace'] as const;
    await film(server, exam.id, token, [...quiet, 'turnedAway', 'turnedAway', 'turnedAway', 'oneFace', 'turnedAway', ...quiet, 'oneFace']);
    await log.closed('looking_away');
    expect(log.count('WarningAdded', 'looking_away')).toBe(1);
    expect(await listWarnings(exam.id)).toHaveLength(1);
  });

  it('raises one warning, whichever servers the snapshots reach', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(second, exam.id);
    await film([server, second], exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody', 'nobody', 'oneFace', 'oneFace', 'oneFace']);
    expect(await log.opened('no_face')).toMatchObject({ details: 'No face' });
    await log.closed('no_face');
    expect(await listWarnings(exam.id)).toHaveLength(1);
  });

  it('and soon again is the same warning, which consoles see go on', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const away = ['twoPeople', 'twoPeople', 'twoPeople'] as const;
    await film(server, exam.id, token, ['oneFace', ...away, 'oneFace', 'oneFace', 'oneFace', ...away]);
    const { id } = await log.opened('multiple_faces');
    await eventually(() => expect(log.count('WarningUpdated', 'multiple_faces')).toBe(2));
    expect(await listWarnings(exam.id)).toMatchObject([{ id, type: 'multiple_faces', details: 'More than one face' }]);
    expect((await listWarnings(exam.id))[0]).not.toHaveProperty('endedAt');
    await server.graphql().request(`mutation { endExam(examId: "${exam.id}") { status } }`);
    await eventually(async () => expect((await listWarnings(exam.id))[0]?.endedAt).toBeDefined());
  });

  it('and soon again, after somebody decided on it, is another warning with a picture of its own', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const away = ['twoPeople', 'twoPeople', 'twoPeople'] as const;
    await film(server, exam.id, token, ['oneFace', ...away, 'oneFace', 'oneFace', 'oneFace']);
    const { id } = await log.closed('multiple_faces');
    const dismiss = `mutation { reviewWarnings(warningIds: ["${id}"], decision: DISMISSED, reason: "A poster") { id } }`;
    await server.graphql().request(dismiss);
    await goOn(server, exam.id, token, [...away, 'oneFace', 'oneFace', 'oneFace']);
    await eventually(() => expect(log.count('WarningAdded', 'multiple_faces')).toBe(2));
    await eventually(async () => expect((await listWarnings(exam.id)).every(({ endedAt }) => endedAt)).toBe(true));
    const files = await server.storedFiles();
    for (const warning of await listWarnings(exam.id)) expect(files.filter((path) => path.includes(warning.id))).toHaveLength(1);
  });

  it('raises no warning for a participant who was granted it', async () => {
    const { exam, token } = await seat(server);
    const grant = `mutation ($examId: ID!) {
      setAccommodations(examId: $examId, userId: "user_1", suppress: ["multiple_faces"], reason: "A helper reads to him") { userId } }`;
    await server.graphql().request(grant, { examId: exam.id });
    const log = watchLog(server, exam.id);
    await film(server, exam.id, token, ['oneFace', 'twoPeople', 'twoPeople', 'twoPeople', 'nobody', 'nobody', 'nobody']);
    await log.opened('no_face');
    expect((await listWarnings(exam.id)).map(({ type }) => type)).toEqual(['no_face']);
  });

  it('is reported as camera_black if it is black, not as no_face', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    await film(server, exam.id, token, ['oneFace', 'black', 'black', 'black']);
    expect(await log.opened('camera_black')).toMatchObject({ details: 'Black picture' });
    expect((await listWarnings(exam.id)).map(({ type }) => type)).toEqual(['camera_black']);
  });

  const phone = pictures.phone;
  it.each([
    { what: 'a second person', type: 'multiple_faces', shown: () => Promise.resolve(photographs.twoPeople) },
    ...(phone ? [{ what: 'a phone', type: 'phone_usage', shown: () => photograph({ file: phone }) }] : []),
  ])('raises one with snapshots every eight seconds, too: $what', async ({ type, shown }) => {
    const seen = await shown();
    // A snapshot may be half a minute late. On a machine that is too busy for that another candidate tries.
    for (let isInTime = false; !isInTime;) {
      const { exam, token } = await seat(server);
      const log = watchLog(server, exam.id);
      const start = Date.now() - 25_000;
      isInTime = true;
      for (const [at, shot] of [photographs.oneFace, seen, seen, seen].entries()) {
        const takenAt = start + at * 8_000;
        await show(server, exam.id, token, shot, { takenAt: new Date(takenAt).toISOString() });
        isInTime &&= Date.now() - takenAt < 30_000;
      }
      if (!isInTime) continue;
      const opened = await log.opened(type);
      expect(Math.abs(Date.parse(opened.timestamp) - (start + 8_000))).toBeLessThan(100);
    }
  });

  it('does not count as a second person if a moved camera shifts a portrait on the wall; a helper does', async () => {
    const candidate: Actor = { who: 'anna', width: 300, ...living(190, 110) };
    const portrait: Actor = { who: 'berta', width: 110, ...still(30, 30) };
    const helper: Actor = { ...portrait, x: '30+3*sin(1.7*t)', y: '30+2*sin(2.3*t)' };
    const moved = ["crop=600:450:x='if(lt(t,13),0,36)':y='if(lt(t,13),0,18)'", 'scale=640:480'];
    const tell = async (actor: Actor) => {
      const shots = await stageSnapshots(22, [candidate, actor], moved);
      const { exam, token } = await seat(server);
      await goOn(server, exam.id, token, shots);
      return (await listWarnings(exam.id)).map(({ type }) => type);
    };
    expect(await Promise.all([tell(portrait), tell(helper)])).toEqual([[], ['multiple_faces']]);
  });

  it('does not count as a second person if a portrait on the wall is uncovered, or larger than the candidate', async () => {
    const candidate: Actor = { who: 'anna', width: 300, ...living(190, 110) };
    const far: Actor = { who: 'anna', width: 150, ...living(420, 160) };
    const uncovered: Actor = { who: 'berta', width: 110, ...still(30, 30), when: 'gte(t,8)' };
    const poster: Actor = { who: 'berta', width: 250, ...still(20, 90) };
    const tell = async (actors: Actor[], seconds: number) => {
      const shots = await stageSnapshots(seconds, actors);
      const { exam, token } = await seat(server);
      await goOn(server, exam.id, token, shots);
      return (await listWarnings(exam.id)).map(({ type }) => type);
    };
    expect(await tell([candidate, uncovered], 24)).toEqual([]);
    expect(await tell([poster, far], 24)).toEqual([]);
  });

  it('counts as a second person even if the candidate sat still before', async () => {
    const leaning = { x: 'if(lt(t,13),190,330+14*sin(1.3*t))', y: 'if(lt(t,13),110,110+9*sin(2.1*t))' };
    const candidate: Actor = { who: 'anna', width: 300, ...leaning };
    const helper: Actor = { who: 'berta', width: 250, ...living(40, 130), when: 'gte(t,15)' };
    const { exam, token } = await seat(server);
    await goOn(server, exam.id, token, await stageSnapshots(24, [candidate, helper]));
    expect((await listWarnings(exam.id)).map(({ type }) => type)).toEqual(['multiple_faces']);
  });

  it('stays one warning if the recording shows it too, and then links into the recording', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const shots = ['oneFace', 'nobody', 'nobody', 'nobody', 'nobody', 'oneFace', 'oneFace', 'oneFace'] as const;
    const [, left = 0] = await film(server, exam.id, token, shots);
    const { id } = await log.closed('no_face');
    const folder = await mkdtemp(joinPath(tmpdir(), 'invigil-snapshots-'));
    try {
      const path = joinPath(folder, 'webcam.webm');
      const { oneFace, noFace } = pictures;
      await filmVideo(path, [
        { picture: oneFace, seconds: 3 },
        { picture: noFace, seconds: 4 },
        { picture: oneFace, seconds: 4 },
      ]);
      const stats = JSON.stringify({ startTime: new Date(left - 3_000).toISOString() });
      const body = await form({ userId: 'user_1', stats, webcam: { path } });
      const submitted = await server.rest(`/exams/${exam.id}/submit`, { method: 'POST', body });
      const { recordings } = (await submitted.json()) as { recordings: { id: string }[] };
      const [recording = { id: '' }] = recordings;
      expect(await analysed(server, recording.id)).toMatchObject({ status: 'processed' });
      const query = `query ($id: ID!) { exam(id: $id) { warnings { edges { node { id type offsetSeconds frameUrl recording { id } } } } } }`;
      const { exam: found } = await server
        .graphql()
        .request<{ exam: { warnings: { edges: { node: { frameUrl: string; offsetSeconds: number } }[] } } }>(query, { id: exam.id });
      expect(found.warnings.edges).toMatchObject([{ node: { id, type: 'no_face', recording: { id: recording.id } } }]);
      const [warning] = found.warnings.edges.map(({ node }) => node);
      expect(warning?.offsetSeconds).toBeCloseTo(3, 0);
      // The picture stays the one at which it was raised.
      const picture = Buffer.from(await (await fetch(warning?.frameUrl ?? '')).arrayBuffer());
      expect(picture.equals(photographs.nobody)).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('ends with the exam', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    await film(server, exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody']);
    await log.opened('no_face');
    await server.graphql().request(`mutation { endExam(examId: "${exam.id}") { status } }`);
    const { timestamp, endedAt } = await log.closed('no_face');
    expect(Date.parse(endedAt ?? '')).toBeGreaterThan(Date.parse(timestamp));
    // What was remembered of the face is gone as well.
    const rest = () => runSql(server, 'SELECT 1 FROM "LiveWatch" WHERE "examId" = $1', [exam.id]);
    await eventually(async () => expect(await rest()).toEqual([]));
  });

  it('has its picture deleted with the warning', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    await film(server, exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody']);
    const { id } = await log.opened('no_face');
    const pictures = async () => (await server.storedFiles()).filter((path) => path.includes(id));
    expect(await pictures()).toHaveLength(1);
    await runSql(server, 'DELETE FROM "Exam" WHERE id = $1', [exam.id]);
    await eventually(async () => expect(await pictures()).toEqual([]));
  });

  it('is reported as evidence_gap if no snapshot can be read', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    await sendDamaged(server, exam.id, token);
    expect(await log.opened('evidence_gap')).toMatchObject({ source: 'SYSTEM', details: 'No snapshot could be read', frameUrl: null });
    await goOn(server, exam.id, token, ['oneFace', 'oneFace', 'oneFace', 'oneFace']);
    expect((await log.closed('evidence_gap')).details).toMatch(/^No snapshot could be read for \d+ (s|min)/);
  });

  it('is reported as evidence_gap if snapshots stop while the participant is present, and only then', async () => {
    const { exam, token } = await seat(weak);
    const others = await Promise.all(['silent', 'seldom', 'brief', 'broken'].map((userId) => join(weak, exam.id, userId)));
    const log = watchLog(weak, exam.id);
    const beat = (credential: string) => weak.rest(`/exams/${exam.id}/heartbeat`, { method: 'POST', credential });
    const [silent = '', seldom = '', brief = '', broken = ''] = others;
    const steady = Array.from({ length: 10 }, () => 'oneFace' as const);
    await Promise.all([token, silent, seldom, broken].map((one) => goOn(weak, exam.id, one, steady, { lead: 0 })));
    await goOn(weak, exam.id, brief, ['oneFace', 'oneFace'], { lead: 0 });
    await sendDamaged(weak, exam.id, broken);
    const unreadable = await log.opened('evidence_gap', 'broken');
    expect(unreadable.details).toBe('No snapshot could be read');
    await runSql(
      weak,
      `UPDATE "LiveWatch" w SET state = jsonb_set(state, '{rhythm,interval}', '60000') FROM "Participant" p
        WHERE p.id = w."participantId" AND p."userId" = 'seldom' AND w."examId" = $1`,
      [exam.id],
    );
    const beatAll = async () => {
      for (const one of [token, seldom, brief, broken]) expect((await beat(one)).status).toBe(200);
    };
    await beatAll();
    const known = () => runSql(weak, 'SELECT FROM "Participant" WHERE "examId" = $1 AND "sendsHeartbeats"', [exam.id]);
    await eventually(async () => expect(await known()).toHaveLength(4));
    // Four minutes later, of which the page of one shows no sign.
    await runSql(weak, `UPDATE "LiveWatch" SET "frameAt" = "frameAt" - interval '4 min' WHERE "examId" = $1`, [exam.id]);
    await beatAll();
    const opened = await log.opened('evidence_gap', 'user_1');
    expect(opened).toMatchObject({ source: 'SYSTEM', severity: 'MEDIUM', confidence: null, frameUrl: null });
    expect(opened.details).toBe('The participant was present, but no snapshot arrived');
    expect(Date.parse(opened.timestamp)).toBeLessThan(Date.now() - 240_000);
    const [back = 0] = await goOn(weak, exam.id, token, ['oneFace', 'oneFace', 'oneFace', 'oneFace'], { lead: 0 });
    const closed = await log.closed('evidence_gap', 'user_1');
    expect(closed.id).toBe(opened.id);
    expect(closed.details).toMatch(/^The participant was present, but no snapshot arrived for [4-9] min/);
    expect(Math.abs(Date.parse(closed.endedAt ?? '') - back)).toBeLessThan(900);
    // Of whom snapshots come that cannot be read the gap is the same one still.
    expect([log.count('WarningAdded', 'evidence_gap'), log.count('WarningUpdated', 'evidence_gap')]).toEqual([2, 1]);
  });

  it('continues as the same warning after the server was killed', async () => {
    const mortal = await startTestServer(unhurried);
    try {
      const { exam, token } = await seat(mortal);
      await film(mortal, exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody']);
      const { id } = await watchLog(mortal, exam.id).opened('no_face');
      await mortal.kill();
      await mortal.restart();
      const log = watchLog(mortal, exam.id);
      await goOn(mortal, exam.id, token, ['nobody', 'nobody', 'oneFace', 'oneFace', 'oneFace', 'oneFace'], { lead: 25_000 });
      expect((await log.closed('no_face')).id).toBe(id);
      expect(log.count('WarningAdded', 'no_face')).toBe(1);
    } finally {
      await mortal.stop();
    }
  });
});

describe('more snapshots than can be analysed', () => {
  it('are skipped for all participants equally, and evidence_gap says so', async () => {
    const exam = await createExam(weak, sensitive);
    // One thread looks at some forty a second: each waits longer than the hold time for its next turn, twice over.
    const users = Array.from({ length: 250 }, (_, at) => `user_${at}`);
    const tokens: string[] = [];
    // They join one after the other within an exam, and whoever waits for seconds is told to try again.
    for (let at = 0; at < users.length; at += 25)
      tokens.push(...(await Promise.all(users.slice(at, at + 25).map((userId) => join(weak, exam.id, userId)))));
    const log = watchLog(weak, exam.id);
    await show(weak, exam.id, await join(weak, exam.id, 'early'), 'oneFace');
    for (let second = 0; second < 6; second += 1) {
      const answers = await Promise.all(
        [...tokens.keys()].map(async (at) => {
          await setTimeout((at * 1_000) / tokens.length);
          return snap(weak, exam.id, photographs.oneFace, tokens[at]);
        }),
      );
      // Nobody waits for a look, nobody is sent away.
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    }
    // Each look raises the version, and so does the beginning of a gap.
    const rows = await runSql<{ looks: number }>(
      weak,
      `SELECT (coalesce(w.version, 0) - (SELECT count(*) FROM "Warning" v WHERE v."participantId" = p.id))::int AS looks
         FROM "Participant" p LEFT JOIN "LiveWatch" w ON w."participantId" = p.id WHERE p."examId" = $1 AND p."userId" <> 'early'`,
      [exam.id],
    );
    const looks = rows.map((row) => row.looks);
    expect(looks).toHaveLength(users.length);
    expect(Math.max(...looks)).toBeLessThan(5);
    expect(Math.max(...looks) - Math.min(...looks)).toBeLessThanOrEqual(1);

    const gap = await log.opened('evidence_gap');
    expect(gap).toMatchObject({ source: 'SYSTEM', severity: 'MEDIUM', details: 'The server was overloaded: no snapshot was analysed' });
    expect(log.count('WarningAdded', 'evidence_gap')).toBeLessThanOrEqual(users.length);
    await goOn(weak, exam.id, tokens[users.indexOf(gap.userId)] ?? '', ['oneFace', 'oneFace', 'oneFace', 'oneFace'], { lead: 0 });
    expect((await log.closed('evidence_gap')).details).toMatch(/no snapshot was analysed for \d+ (s|min)/);
  });
});

describe('the snapshot endpoint', () => {
  const jpeg = photographs.oneFace;

  it('refuses everybody but the participant, their LMS and admins', async () => {
    const { exam, token } = await seat(weak);
    const other = await seat(weak, 'user_9');
    const { key } = await createKey(weak, 'LMS', 'elsewhere');
    const status = async (credential: string, query: Record<string, string> = {}) =>
      (await snap(weak, exam.id, jpeg, credential, query)).status;
    expect(await status(other.token)).toBe(404);
    expect(await status(key, { userId: 'user_1' })).toBe(404);
    expect(await status(ADMIN_KEY, { userId: 'nobody_known' })).toBe(404);
    expect(await status(token, { userId: 'user_2' })).toBe(401);
    expect(await status((await createKey(weak, 'PROCTOR')).key, { userId: 'user_1' })).toBe(401);
    expect(await status(ADMIN_KEY)).toBe(400);
    expect(await status(ADMIN_KEY, { userId: 'user_1' })).toBe(200);
    expect(await status(token)).toBe(200);
  });

  it('refuses anything that is not a JPEG, too large or too frequent, with the documented error', async () => {
    const { exam, token } = await seat(weak);
    const noPicture = await snap(weak, exam.id, Buffer.from('GIF89a'), token);
    expect(noPicture.status).toBe(400);
    expect(await noPicture.json()).toMatchObject({
      error: { code: 'invalid_request', details: [{ field: 'body', issue: 'must be a JPEG image' }] },
    });
    const large = await snap(weak, exam.id, Buffer.concat([jpeg, Buffer.alloc(1024 * 1024)]), token);
    expect(large.status).toBe(400);
    expect(await large.json()).toMatchObject({
      error: { details: [{ field: 'body', issue: 'File size exceeds the maximum allowed (1MB)' }] },
    });
    // So many that some come too early, however long they take.
    const hasty = await Promise.all(Array.from({ length: 60 }, () => snap(weak, exam.id, jpeg, token)));
    const refused = hasty.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toMatch(/^[1-3]$/);
    expect(await refused?.json()).toMatchObject({ error: { code: 'rate_limited', details: [] } });
    await expect.poll(async () => (await snap(weak, exam.id, jpeg, token)).status, { interval: 500 }).toBe(200);
  });

  it('accepts snapshots only while the exam runs and the participant is in it', async () => {
    const exam = await createExam(weak);
    const send = async (userId: string) => {
      const response = await snap(weak, exam.id, jpeg, ADMIN_KEY, { userId });
      return response.status === 200 ? 'taken' : ((await response.json()) as { error: { message: string } }).error.message;
    };
    await weak.graphql().request(`mutation { inviteParticipants(examId: "${exam.id}", participants: [{ userId: "user_2" }]) { id } }`);
    expect(await send('user_2')).toBe('The exam has not started');
    const token = await join(weak, exam.id, 'user_1');
    expect(await send('user_2')).toBe('This participant has not joined the exam');
    expect(await send('user_1')).toBe('taken');
    await weak.post(`/exams/${exam.id}/submit`, { stats: {} }, { credential: token });
    expect(await send('user_1')).toBe('This participant has already left the exam');
    await weak.graphql().request(`mutation { endExam(examId: "${exam.id}") { status } }`);
    expect(await send('user_2')).toBe('The exam is over');
  });

  it('takes the time of arrival from a client whose clock is wrong, and says how wrong it is', async () => {
    for (const [index, skew] of [120_000, 3_600_000, -3_600_000].entries()) {
      const { exam, token } = await seat(weak, `user_${index}`);
      const before = Date.now();
      const answer = await snap(weak, exam.id, jpeg, token, { takenAt: new Date(before + skew).toISOString() });
      const receipt = (await answer.json()) as { takenAt: string; clockSkewSeconds: number };
      expect(answer.status).toBe(200);
      expect(Math.abs(Date.parse(receipt.takenAt) - before)).toBeLessThan(60_000);
      expect(Math.sign(receipt.clockSkewSeconds)).toBe(Math.sign(skew));
    }
    const { exam, token } = await seat(weak);
    const onTime = await snap(weak, exam.id, jpeg, token, { takenAt: new Date().toISOString() });
    expect(await onTime.json()).not.toHaveProperty('clockSkewSeconds');
  });

  it('accepts them in every format, and says if they will not be analysed', async () => {
    const { exam, token } = await seat(weak);
    const takenAt = new Date(Date.now() - 5_000).toISOString();
    const raw = await snap(weak, exam.id, jpeg, token, { takenAt });
    expect(await raw.json()).toEqual({ examId: exam.id, userId: 'user_1', takenAt, analysed: true });
    const body = await form({ image: { bytes: new Uint8Array(jpeg), name: 'webcam.jpg' }, userId: 'user_1' });
    const multipart = await weak.rest(`/exams/${exam.id}/snapshots`, { method: 'POST', body });
    expect(await multipart.json()).toMatchObject({ userId: 'user_1', analysed: true });
    const empty = await weak.rest(`/exams/${exam.id}/snapshots`, { method: 'POST', body: await form({ userId: 'user_1' }) });
    expect(await empty.json()).toMatchObject({ error: { details: [{ field: 'image', issue: 'is required' }] } });

    const unwatched = await seat(weak, 'user_1', { settings: { aiDetection: { enabled: false } } });
    const query = 'mutation ($id: ID!, $image: Upload!) { submitSnapshot(examId: $id, image: $image) { userId analysed } }';
    const operations = JSON.stringify({ query, variables: { id: unwatched.exam.id, image: null } });
    const response = await fetch(`${weak.url}/graphql`, {
      method: 'POST',
      body: await form({ operations, map: '{"f":["variables.image"]}', f: { bytes: new Uint8Array(jpeg), name: 'blob' } }),
      headers: { authorization: `Bearer ${unwatched.token}` },
    });
    expect(await response.json()).toEqual({ data: { submitSnapshot: { userId: 'user_1', analysed: false } } });
  });
});
