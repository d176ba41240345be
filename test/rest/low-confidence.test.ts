import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { createExam, join } from '../helpers/exam.ts';
import { dataFile } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Outcome {
  id: string;
  verified: boolean;
  confidence: number;
  warnings: string[];
}

const lfw = (name: string) => `verify/lfw/${name}.jpg`;
/** Pairs of one person whose likeness lies in the middle. */
const UNSURE = [
  ['Charles_Taylor_0003', 'Charles_Taylor_0009'],
  ['Ludivine_Sagnier_0001', 'Ludivine_Sagnier_0005'],
  ['Carson_Palmer_0001', 'Carson_Palmer_0004'],
].map((pair) => pair.map(lfw) as [string, string]);
/** Strangers of one group whom the version before took for one person, with a confidence of more than .9. */
const OF_ONE_GROUP: [string, [string, string]][] = [
  ['East Asian women', ['groups/21518.jpg', 'groups/22299.jpg']],
  ['Black women', ['groups/24151.jpg', 'groups/1610.jpg']],
  ['South-East Asian men', ['groups/20749.jpg', 'groups/33979.jpg']],
  ['South-East Asian women', ['groups/36455.jpg', 'groups/37675.jpg']],
];

const bytesOf = async (file: string) => new Uint8Array(await readFile(dataFile(file) ?? file));
const base64 = async (file: string) => Buffer.from(await bytesOf(file)).toString('base64');

async function compare(reference: string, candidate: string): Promise<Outcome> {
  const body = { userId: 'user_1', referenceImage: await base64(reference), verificationImage: await base64(candidate) };
  return (await (await server.post('/verify/user', body)).json()) as Outcome;
}

async function compareOwn(examId: string, token: string, file: string): Promise<Outcome> {
  const options = { method: 'POST', credential: token, headers: { 'content-type': 'image/jpeg' }, body: await bytesOf(file) };
  return (await (await server.rest(`/exams/${examId}/verify`, options)).json()) as Outcome;
}

const warningsOf = async (examId: string) =>
  ((await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: { type: string }[] }).warnings;

/** Somebody who is in the exam and invited with a picture. */
async function invited(reference: string) {
  const { id: examId } = await createExam(server);
  const users = [{ userId: 'invited', referenceImage: await base64(reference) }];
  const mutation = `mutation ($users: [ParticipantInput!]!) { inviteParticipants(examId: "${examId}", participants: $users) { id } }`;
  await server.graphql().request(mutation, { users });
  return { examId, token: await join(server, examId, 'invited') };
}

describe.skipIf(dataFile('groups/labels.csv') === null)('faces that are neither clearly alike nor clearly different', () => {
  it.each(UNSURE)('are not verified, and every door says that a person has to look (%s)', async (a, b) => {
    const outcome = await compare(a, b);
    expect(outcome).toMatchObject({ verified: false, warnings: ['low_confidence'] });
    expect(outcome.confidence).toBeGreaterThan(0.05);
    expect(outcome.confidence).toBeLessThan(0.5);
    const query = `{ verification(id: "${outcome.id}") { verified warnings } }`;
    expect(await server.graphql().request(query)).toEqual({ verification: { verified: false, warnings: ['low_confidence'] } });
  });

  it('are told apart on the command line from those that differ', async () => {
    const cli = joinPath(projectRoot, 'dist/src/cli.js');
    const verdict = async (pair: readonly string[]) =>
      (await promisify(execFile)(process.execPath, [cli, 'verify', ...pair.map((file) => dataFile(file) ?? file)])).stdout;
    expect(await verdict(UNSURE[0] ?? [])).toMatch(/^Not sure, a person should look.*\n {2}low_confidence\n$/);
    expect(await verdict(OF_ONE_GROUP[0]?.[1] ?? [])).toMatch(/^Not shown to be the same person/);
  });

  it('of a participant are no mismatch however often, but other faces are after three', async () => {
    const [reference, unsure] = UNSURE[0] ?? ['', ''];
    const { examId, token } = await invited(reference);
    for (let tries = 0; tries < 3; tries++)
      expect(await compareOwn(examId, token, unsure)).toMatchObject({ verified: false, warnings: ['low_confidence'] });
    const query = `{ exam(id: "${examId}") { participant(userId: "invited") { verification { verified warnings } } } }`;
    expect(await server.graphql().request(query)).toEqual({
      exam: { participant: { verification: { verified: false, warnings: ['low_confidence'] } } },
    });
    const other = lfw('Ludivine_Sagnier_0001');
    for (let tries = 0; tries < 2; tries++) await compareOwn(examId, token, other);
    expect(await warningsOf(examId)).toEqual([]);
    await compareOwn(examId, token, other);
    expect(await warningsOf(examId)).toMatchObject([{ type: 'identity_mismatch' }]);
  });

  it('in a check-in let the candidate go on, and are told to staff', async () => {
    const [reference, unsure] = UNSURE[0] ?? ['', ''];
    const { examId, token } = await invited(reference);
    const { version } = (await (await server.rest(`/exams/${examId}/notice`, { credential: token })).json()) as { version: string };
    await server.post(`/exams/${examId}/notice`, { version }, { credential: token });
    const body = new FormData();
    body.set('device', '{}');
    body.set('photo', new Blob([await bytesOf(unsure)]), 'me.jpg');
    await server.rest(`/exams/${examId}/check-in`, { method: 'POST', credential: token, body });
    const path = `/exams/${examId}/participants/invited/report.json`;
    const { verifications } = (await (await server.rest(path)).json()) as { verifications: Outcome[] };
    expect(verifications).toMatchObject([{ verified: false, warnings: ['low_confidence'] }]);
  });

  it('do not make older failures of a middle confidence count, and older rows stay readable', async () => {
    const [reference] = UNSURE[0] ?? [''];
    const { examId, token } = await invited(reference);
    const columns =
      '"id", "tenant", "userId", "verified", "confidence", "matchScore", "faceDetected", "warnings", "detector", "participantId"';
    const insert = (id: string, confidence: number) =>
      runSql(
        server,
        `INSERT INTO "Verification" (${columns}) SELECT $1, e.tenant, p."userId", false, $2, 0.4, true, '{}', 'local/3 (human 3.3.6, face-api 1.7.15)', p.id
         FROM "Participant" p JOIN "Exam" e ON e.id = p."examId" WHERE p."examId" = $3`,
        [id, confidence, examId],
      );
    await insert('ver_older_1', 0.3);
    await insert('ver_older_2', 0.4);
    const query = '{ verification(id: "ver_older_1") { confidence warnings detector } }';
    expect(await server.graphql().request(query)).toEqual({
      verification: { confidence: 0.3, warnings: [], detector: 'local/3 (human 3.3.6, face-api 1.7.15)' },
    });
    await compareOwn(examId, token, lfw('Ludivine_Sagnier_0001'));
    expect(await warningsOf(examId)).toEqual([]);
  });
});

describe.skipIf(dataFile('groups/labels.csv') === null)('strangers of one group', () => {
  it.each(OF_ONE_GROUP)('are clearly different people: %s', async (_group, [a, b]) => {
    const outcome = await compare(a, b);
    expect(outcome).toMatchObject({ verified: false, warnings: [] });
    expect(outcome.confidence).toBeLessThan(0.05);
  });
});
