import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../src/paths.ts';
import { createKey } from './helpers/exam.ts';
import { dataFile } from './helpers/media.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from './helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const sample = (number: number) => join(projectRoot, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`);
const base64 = async (path: string) => (await readFile(path)).toString('base64');

interface Outcome {
  verified: boolean;
  confidence: number;
  matchScore: number;
  faceDetected: boolean;
  warnings: string[];
}

const post = (referenceImage: unknown, verificationImage: unknown) =>
  server.post('/verify/user', { userId: 'user_789', referenceImage, verificationImage });

async function verify(reference: string, candidate: string): Promise<Outcome> {
  const response = await post(reference, candidate);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as Outcome;
}

/** Two of the women of a sample picture, each alone. */
const crop = async (left: number, top: number) => sharp(await readFile(sample(6))).extract({ left, top, width: 340, height: 400 });

/** One person twice, and another person; of the test data, else cut from a sample, once in another light. */
async function people() {
  const [a, b, c] = ['verify/deepface/img1.jpg', 'verify/deepface/img2.jpg', 'verify/deepface/img3.jpg'].map(dataFile);
  if (a && b && c) return { reference: await base64(a), same: await base64(b), other: await base64(c) };
  const encode = async (image: Sharp) => (await image.jpeg().toBuffer()).toString('base64');
  const relit = (await crop(180, 420)).modulate({ brightness: 0.85 }).resize({ width: 300 });
  return { reference: await encode(await crop(180, 420)), same: await encode(relit), other: await encode(await crop(640, 190)) };
}

describe('a verification', () => {
  it('of one person answers as documented', async () => {
    const { reference, same } = await people();
    const outcome = await verify(`data:image/jpeg;base64,${reference}`, same);
    expect(outcome).toMatchObject({ verified: true, faceDetected: true, warnings: [] });
    expect(outcome.confidence).toBeGreaterThan(0.9);
    expect(outcome.matchScore).toBeGreaterThan(0.5);
    expect(outcome.matchScore).toBeLessThanOrEqual(1);
  });

  it('of two people does not match', async () => {
    const { reference, other } = await people();
    const outcome = await verify(reference, other);
    expect(outcome).toMatchObject({ verified: false, faceDetected: true });
    expect(outcome.confidence).toBeLessThan(0.5);
  });

  it('without a face, or with several, is an answer and no error', async () => {
    const { reference } = await people();
    const wall = (
      await sharp({ create: { width: 320, height: 240, channels: 3, background: '#789' } })
        .jpeg()
        .toBuffer()
    ).toString('base64');
    expect(await verify(reference, wall)).toMatchObject({ verified: false, faceDetected: false, warnings: ['no_face_verification'] });
    expect(await verify(wall, reference)).toMatchObject({ verified: false, warnings: ['no_face_reference'] });
    const several = await base64(dataFile('facecount/2plus_face_recog_two_people.jpg') ?? sample(3));
    const outcome = await verify(reference, several);
    expect(outcome.verified).toBe(false);
    expect(outcome.warnings).toContain('multiple_faces_verification');
  });

  it('can be read again by its tenant alone, and the images are not kept', async () => {
    const { reference, same } = await people();
    await server.idle();
    const files = await server.storedFiles();
    const mutation = 'mutation ($input: VerifyUserInput!) { verifyUser(input: $input) { id verified warnings } }';
    const input = { userId: 'user_789', referenceImage: reference, verificationImage: same };
    const { verifyUser } = await server.graphql().request<{ verifyUser: { id: string; verified: boolean } }>(mutation, { input });
    expect(verifyUser.verified).toBe(true);
    expect(await server.storedFiles()).toEqual(files);
    const query = `{ verification(id: "${verifyUser.id}") { userId verified } }`;
    expect(await server.graphql().request(query)).toEqual({ verification: { userId: 'user_789', verified: true } });
    const { key } = await createKey(server, 'LMS', 'elsewhere');
    expect(await server.graphql(key).request(query)).toEqual({ verification: null });
  });
});

describe('an image that is refused', () => {
  const bomb = () =>
    sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: '#fff' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
  const bad: [string, () => Promise<unknown>][] = [
    ['a text', async () => Buffer.from('no image').toString('base64')],
    ['no base64', async () => '***'],
    ['an empty string', async () => ''],
    ['a number', async () => 7],
    ['half a JPEG', async () => (await readFile(sample(1))).subarray(0, 2_000).toString('base64')],
    ['an image bomb', async () => (await bomb()).toString('base64')],
    ['an SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>').toString('base64')],
    ['more than 10 MB', async () => Buffer.alloc(11 * 1024 * 1024).toString('base64')],
  ];
  it.each(bad)('as %s names its field', async (_name, make) => {
    const good = await base64(sample(1));
    const image = await make();
    for (const [response, field] of [
      [await post(image, good), 'referenceImage'],
      [await post(good, image), 'verificationImage'],
    ] as const) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_request', details: [{ field, issue: expect.any(String) }] } });
    }
  });

  it('for its absence names all that is missing', async () => {
    const response = await server.post('/verify/user', {}, { credential: ADMIN_KEY });
    const { error } = (await response.json()) as { error: { details: { field: string }[] } };
    expect(error.details.map(({ field }) => field)).toEqual(['userId', 'referenceImage', 'verificationImage']);
  });
});
