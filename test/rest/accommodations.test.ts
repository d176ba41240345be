import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { film, pictures } from '../helpers/media.ts';
import { openClient } from '../helpers/postgres.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let folder: string;
let video: string;
beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'invigil-accommodations-'));
  video = joinPath(folder, 'helper.webm');
  const { oneFace, severalFaces, noFace } = pictures;
  await film(video, [
    { picture: oneFace, seconds: 2 },
    { picture: severalFaces, seconds: 5 },
    { picture: noFace, seconds: 5 },
  ]);
  server = await startTestServer();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const SET = `mutation ($examId: ID!, $userId: ID!, $suppress: [String!]!, $reason: String!) {
  setAccommodations(examId: $examId, userId: $userId, suppress: $suppress, reason: $reason) {
    userId status accommodations { type reason by } } }`;
const PARTICIPANTS = `query ($id: ID!) { exam(id: $id) { participants { edges { node { userId accommodations { type } } } } } }`;
const WARNINGS = `query ($id: ID!) { exam(id: $id) { warnings { edges { node { type } } } } }`;
const ANALYSIS = `query ($id: ID!) { recording(id: $id) { analysis { suppressed segments { type } } } }`;

const set = (examId: string, suppress: string[], reason: string, credential?: string) =>
  server.graphql(credential).request<{ setAccommodations: object }>(SET, { examId, userId: 'user_1', suppress, reason });
const put = (examId: string, body: object, credential?: string) =>
  server.rest(`/exams/${examId}/participants/user_1/accommodations`, {
    method: 'PUT',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    ...(credential && { credential }),
  });

async function warned(examId: string): Promise<string[]> {
  const { exam } = await server
    .graphql()
    .request<{ exam: { warnings: { edges: { node: { type: string } }[] } } }>(WARNINGS, { id: examId });
  return exam.warnings.edges.map(({ node }) => node.type);
}

/** What the exam's log holds of its participants. */
async function audited(examId: string): Promise<unknown[]> {
  const client = await openClient(server.databaseUrl);
  try {
    const { rows } = await client.query<{ data: unknown }>(
      `SELECT data FROM "Event" WHERE "examId" = $1 AND kind = 'PARTICIPANT_CHANGED' ORDER BY seq`,
      [examId],
    );
    return rows.map(({ data }) => data);
  } finally {
    await client.end();
  }
}

const examOf = (credential?: string) =>
  createExam(server, { settings: { aiDetection: { enabled: true, sensitivity: 'high' } } }, credential);

describe('a candidate who has a helper', () => {
  it('raises no warning for the helper, and the analysis says so', async () => {
    const { id: examId } = await examOf();
    const proctor = await createKey(server, 'PROCTOR');
    expect(await set(examId, ['multiple_faces'], 'An assistant sits beside', proctor.key)).toEqual({
      setAccommodations: {
        userId: 'user_1',
        status: 'INVITED',
        accommodations: [{ type: 'multiple_faces', reason: 'An assistant sits beside', by: 'PROCTOR of default' }],
      },
    });
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    const recording = await analysed(server, id);
    expect(await warned(examId)).toEqual(['no_face']);
    // What was seen is told all the same.
    expect(recording.analysis?.faceDetection?.multipleFaces).toBeCloseTo(5 / 12, 1);
    expect(recording.analysis).toMatchObject({ suppressed: ['multiple_faces'] });
    const { recording: told } = await server
      .graphql()
      .request<{ recording: { analysis: { suppressed: string[]; segments: { type: string }[] } } }>(ANALYSIS, { id });
    expect(told.analysis.suppressed).toEqual(['multiple_faces']);
    expect(told.analysis.segments).toContainEqual({ type: 'multiple_faces' });
  });

  it('raises warnings again once the accommodation is removed; other candidates always do', async () => {
    const { id: examId } = await examOf();
    await set(examId, ['multiple_faces', 'no_face'], 'An assistant');
    await set(examId, [], 'The assistant has left');
    const other = await uploadRecording(server, { examId, userId: 'user_2', type: 'webcam', path: video });
    await analysed(server, other.id);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    const { analysis } = await analysed(server, id);
    expect(analysis).not.toHaveProperty('suppressed');
    expect(await warned(examId)).toEqual(['multiple_faces', 'no_face', 'multiple_faces', 'no_face']);
  });
});

describe('an accommodation', () => {
  it('is logged with who, what and why; a repeat changes nothing, and each type keeps its reason', async () => {
    const { id: examId } = await examOf();
    const first = await put(examId, { suppress: ['looking_away'], reason: 'Looks at a braille display' });
    expect(first.status).toBe(200);
    await put(examId, { suppress: ['looking_away'], reason: 'again' });
    const second = await put(examId, { suppress: ['talking', 'looking_away', 'talking'], reason: 'Reads aloud' });
    expect(await second.json()).toMatchObject({
      id: 'user_1',
      status: 'invited',
      accommodations: [
        { type: 'looking_away', reason: 'Looks at a braille display', by: expect.any(String) as string, at: expect.any(String) as string },
        { type: 'talking', reason: 'Reads aloud' },
      ],
    });
    await put(examId, { suppress: ['talking'], reason: 'No longer needed' });
    const by = expect.any(String) as string;
    expect(await audited(examId)).toEqual([
      { to: 'INVITED' },
      { by, suppressed: ['looking_away'], lifted: [], reason: 'Looks at a braille display' },
      { by, suppressed: ['talking'], lifted: [], reason: 'Reads aloud' },
      { by, suppressed: [], lifted: ['looking_away'], reason: 'No longer needed' },
    ]);
  });

  it('cannot be set by participants, who can only read their own', async () => {
    const { id: examId, accessUrl, adminUrl } = await examOf();
    const [own, other] = [await join(server, examId, 'user_1'), await join(server, examId, 'user_2')];
    await set(examId, ['talking'], 'Reads aloud', tokenIn(adminUrl));
    for (const credential of [own, other, tokenIn(accessUrl)]) {
      await expect(set(examId, ['no_face'], 'I want it', credential)).rejects.toThrow('FORBIDDEN');
      expect([401, 403]).toContain((await put(examId, { suppress: [], reason: 'I want it' }, credential)).status);
    }
    const stranger = await createKey(server, 'LMS', 'elsewhere');
    expect((await put(examId, { suppress: [], reason: 'not mine' }, stranger.key)).status).toBe(404);
    const seen = (token: string) => server.graphql(token).request(PARTICIPANTS, { id: examId });
    const node = (userId: string, types: string[]) => ({ node: { userId, accommodations: types.map((type) => ({ type })) } });
    expect(await seen(own)).toEqual({ exam: { participants: { edges: [node('user_1', ['talking'])] } } });
    expect(await seen(other)).toEqual({ exam: { participants: { edges: [node('user_2', [])] } } });
  });

  it('needs a reason and types that the analysis knows', async () => {
    const { id: examId } = await examOf();
    for (const [body, field] of [
      [{ suppress: ['made_up'], reason: 'x' }, 'suppress[0]'],
      [{ suppress: ['tab_switch', 'remote_control'], reason: 'x' }, 'suppress[1]'],
      [{ suppress: ['person_substituted'], reason: 'x' }, 'suppress[0]'],
      [{ suppress: ['evidence_gap'], reason: 'x' }, 'suppress[0]'],
      [{ suppress: 'talking', reason: 'x' }, 'suppress'],
      [{ suppress: ['talking'], reason: '  ' }, 'reason'],
      [{ suppress: ['talking'] }, 'reason'],
      [{ reason: 'x' }, 'suppress'],
    ] as const) {
      const answer = await put(examId, body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request', details: [{ field }] } });
    }
    expect(await audited(examId)).toEqual([]);
  });
});

describe('a candidate who works with a screen reader', () => {
  const grant = ['copy_paste', 'window_blur', 'headphones'];
  const REPORT = `mutation ($examId: ID!, $warnings: [WarningInput!]!) { reportWarnings(examId: $examId, warnings: $warnings) { id type } }`;
  const reportRest = async (examId: string, types: string[], credential?: string) => {
    const body = { userId: 'user_1', warnings: types.map((type) => ({ type })) };
    const response = await server.post(`/exams/${examId}/warnings`, body, credential ? { credential } : {});
    return (await response.json()) as { warnings: { type: string }[]; suppressed?: object[] };
  };
  const mix = ['copy_paste', 'tab_switch', 'window_blur', 'remote_control'];

  it('raises no warning by what its client reports of it, and the answer says which are not stored', async () => {
    const { id: examId } = await examOf();
    await put(examId, { suppress: grant, reason: 'Screen reader' });
    const token = await join(server, examId, 'user_1');
    const answer = await reportRest(examId, mix, token);
    expect(answer.warnings.map(({ type }) => type)).toEqual(['tab_switch', 'remote_control']);
    expect(answer.suppressed).toEqual([
      { index: 0, type: 'copy_paste' },
      { index: 2, type: 'window_blur' },
    ]);
    expect((await reportRest(examId, ['tab_switch'], token)).suppressed).toBeUndefined();
    const warnings = mix.map((type) => ({ type }));
    const { reportWarnings } = await server.graphql(token).request<{ reportWarnings: { type: string }[] }>(REPORT, { examId, warnings });
    expect(reportWarnings.map(({ type }) => type)).toEqual(['tab_switch', 'remote_control']);
    expect((await warned(examId)).filter((type) => grant.includes(type))).toEqual([]);
  });

  it('raises none either by the report with which it comes, by one of the LMS or by its submission', async () => {
    const { id: examId } = await examOf();
    await put(examId, { suppress: grant, reason: 'Screen reader' });
    expect((await reportRest(examId, mix)).suppressed).toHaveLength(2);
    expect((await reportRest(examId, mix)).suppressed).toHaveLength(2);
    const timestamp = '2026-01-01T00:00:00Z';
    const response = await server.post(`/exams/${examId}/submit`, {
      userId: 'user_1',
      stats: {},
      warnings: mix.map((type) => ({ type, timestamp })),
    });
    expect(await response.json()).toMatchObject({ warnings: { received: 4, stored: 2 } });
    expect((await warned(examId)).toSorted()).toEqual([...Array<string>(3).fill('remote_control'), ...Array<string>(3).fill('tab_switch')]);
  });

  it('may still be reported by a proctor, who judges as a person, and by everybody once it is lifted', async () => {
    const { id: examId, adminUrl } = await examOf();
    await put(examId, { suppress: grant, reason: 'Screen reader' });
    const token = await join(server, examId, 'user_1');
    expect((await reportRest(examId, ['headphones'], tokenIn(adminUrl))).warnings).toHaveLength(1);
    await put(examId, { suppress: [], reason: 'No longer needed' });
    expect((await reportRest(examId, ['copy_paste'], token)).warnings).toHaveLength(1);
  });

  it('gets the stored warning again for a repeat of what was reported before it was granted', async () => {
    const { id: examId } = await examOf();
    const token = await join(server, examId, 'user_1');
    const warnings = [{ type: 'copy_paste', clientEventId: 'event_1' }];
    const once = await server.graphql(token).request(REPORT, { examId, warnings });
    await put(examId, { suppress: grant, reason: 'Screen reader' });
    expect(await server.graphql(token).request(REPORT, { examId, warnings })).toEqual(once);
    const fresh = [{ type: 'copy_paste', clientEventId: 'event_2' }];
    expect(await server.graphql(token).request(REPORT, { examId, warnings: fresh })).toEqual({ reportWarnings: [] });
  });

  it('does not change what others raise who report at the same moment', async () => {
    const { id: examId } = await examOf();
    await put(examId, { suppress: grant, reason: 'Screen reader' });
    const users = Array.from({ length: 10 }, (_, i) => `user_${i}`);
    const tokens = await Promise.all(users.map((userId) => join(server, examId, userId)));
    const answers = await Promise.all(
      tokens.map((token) =>
        server.graphql(token).request<{ reportWarnings: object[] }>(REPORT, { examId, warnings: [{ type: 'copy_paste' }] }),
      ),
    );
    expect(answers.map(({ reportWarnings }) => reportWarnings.length)).toEqual(users.map((userId) => (userId === 'user_1' ? 0 : 1)));
  });
});
