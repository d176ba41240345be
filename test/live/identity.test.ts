import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { makeMedia } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { goOn, seat, unhurried, watchLog } from '../helpers/snapshots.ts';
import { type Actor, living, people, stage } from '../helpers/stage.ts';

let server: TestServer;
let folder: string;
let swapped: string;
let clara: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-identity-'));
  swapped = join(folder, 'swapped.webm');
  clara = join(folder, 'clara.webm');
  const place = { width: 300, ...living(190, 110) };
  const actors: Actor[] = [
    { who: 'berta', ...place, when: 'lt(t,20)' },
    { who: 'clara', ...place, when: 'gte(t,20)' },
  ];
  await Promise.all([stage(swapped, 46, actors), stage(clara, 16, [{ who: 'clara', ...place }])]);
  server = await startTestServer(unhurried);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

type Who = keyof typeof people;

/** A photo in another light. */
async function photo(who: Who, brightness: number): Promise<string> {
  const [width = 0, height = 0, left = 0, top = 0] = people[who].crop.split(':').map(Number);
  const file = await readFile(people[who].file);
  const image = sharp(file).extract({ left, top, width, height }).modulate({ brightness });
  return (await image.jpeg().toBuffer()).toString('base64');
}

async function verify(userId: string, reference: Who, candidate: Who, on = server): Promise<boolean> {
  const body = { userId, referenceImage: await photo(reference, 1), verificationImage: await photo(candidate, 0.85) };
  const response = await on.post('/verify/user', body);
  return ((await response.json()) as { verified: boolean }).verified;
}

const WARNINGS = `query ($id: ID!) { exam(id: $id) { warnings { edges { node {
  type severity confidence offsetSeconds details frameUrl } } } } }`;

interface Told {
  type: string;
  severity: string;
  confidence: number;
  offsetSeconds: number;
  details: string;
  frameUrl: string;
}

async function record(userId: string, path: string): Promise<Told[]> {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: true, sensitivity: 'medium' } } });
  const { id } = await uploadRecording(server, { examId, userId, type: 'webcam', path });
  expect(await analysed(server, id)).toMatchObject({ status: 'processed' });
  const { exam } = await server.graphql().request<{ exam: { warnings: { edges: { node: Told }[] } } }>(WARNINGS, { id: examId });
  return exam.warnings.edges.map(({ node }) => node);
}

const sql = <Row extends object>(statement: string, values: unknown[], on = server) => runSql<Row>(on, statement, values);

const templates = (userId: string) =>
  sql<{ sealed: Buffer; hours: string }>(
    `SELECT sealed, extract(epoch FROM "expiresAt" - "createdAt") / 3600 AS hours FROM "FaceTemplate" WHERE "userId" = $1`,
    [userId],
  );

describe('a verified candidate', () => {
  it('who is replaced by another person raises one warning, with the picture', async () => {
    expect(await verify('swapped', 'berta', 'berta')).toBe(true);
    const told = await record('swapped', swapped);
    expect(told).toMatchObject([
      {
        type: 'face_mismatch',
        severity: 'CRITICAL',
        offsetSeconds: 30,
        details: expect.stringMatching(/, unlike in (\d+) of \1 clear pictures, for 1\d s$/) as string,
      },
    ]);
    expect(told[0]?.confidence).toBeGreaterThan(0.99);
    const frame = await fetch(told[0]?.frameUrl ?? '');
    expect([frame.status, frame.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  });

  it('is not judged behind a scarf: the recording tells of a covered face only', async () => {
    expect(await verify('scarf', 'berta', 'berta')).toBe(true);
    const path = join(folder, 'scarf.webm');
    const scarf = 'drawbox=x=150:y=270:w=380:h=210:c=0x8a3b46:t=fill';
    await stage(path, 24, [{ who: 'anna', width: 300, ...living(190, 110) }], [scarf]);
    expect((await record('scarf', path)).map(({ type }) => type)).toEqual(['face_covered']);
  });

  it('who is still the same person raises no warning, and neither does anybody who was never verified', async () => {
    expect(await verify('herself', 'clara', 'clara')).toBe(true);
    expect(await record('herself', clara)).toEqual([]);
    expect(await record('unknown', clara)).toEqual([]);
  });
});

describe('while the exam runs', () => {
  /** Frames of a webcam, three seconds apart. */
  const frame = (path: string, second: number) => makeMedia('-ss', String(second), '-i', path, '-frames:v', '1', '-f', 'mjpeg', 'pipe:1');

  it('another person in the seat of a verified candidate is reported after a few good pictures', async () => {
    await verify('live', 'berta', 'berta');
    const { exam, token } = await seat(server, 'live');
    const log = watchLog(server, exam.id);
    const images = await Promise.all([0, 3, 6, 9, 12].map((second) => frame(clara, second)));
    const shots = Array.from({ length: 9 }, (_, at) => images[at % images.length] ?? Buffer.alloc(0));
    await goOn(server, exam.id, token, shots, { every: 3_000 });
    const warning = await log.opened('face_mismatch');
    expect(warning).toMatchObject({ severity: 'CRITICAL', source: 'ANALYSIS', userId: 'live' });
    expect(warning.details).toMatch(/, unlike in (\d) of \1 clear pictures$/);
    expect(warning.frameUrl).not.toBeNull();
  });
});

describe('the stored face of a verified candidate', () => {
  it('is kept for a day and replaced by a newer one, but not by a failed verification', async () => {
    await verify('kept', 'berta', 'berta');
    const [first] = await templates('kept');
    // The two times are read one after the other.
    expect(Number(first?.hours)).toBeCloseTo(24, 1);
    expect(await verify('kept', 'berta', 'clara')).toBe(false);
    expect(await templates('kept')).toEqual([first]);
    expect(await verify('kept', 'clara', 'clara')).toBe(true);
    const [second, ...others] = await templates('kept');
    expect(others).toEqual([]);
    expect(second?.sealed.equals(first?.sealed ?? Buffer.of())).toBe(false);
  });

  it('cannot be decrypted for another user, and is then ignored', async () => {
    await verify('owner', 'berta', 'berta');
    expect(await record('owner', clara)).toMatchObject([{ type: 'face_mismatch' }]);
    await sql(`UPDATE "FaceTemplate" SET "userId" = 'thief' WHERE "userId" = 'owner'`, []);
    expect(await record('thief', clara)).toEqual([]);
    expect(server.log()).toContain('a face template cannot be read');
  });

  it('is deleted when its time is over', async () => {
    await verify('expired', 'berta', 'berta');
    await sql(`UPDATE "FaceTemplate" SET "expiresAt" = now() WHERE "userId" = 'expired'`, []);
    await expect.poll(() => templates('expired')).toEqual([]);
  });

  it('is never kept if the operator configured that', async () => {
    const careful = await startTestServer({ FACE_TEMPLATE_HOURS: '0' });
    try {
      expect(await verify('user_1', 'berta', 'berta', careful)).toBe(true);
      expect(await sql('SELECT * FROM "FaceTemplate"', [], careful)).toEqual([]);
    } finally {
      await careful.stop();
    }
  });
});
