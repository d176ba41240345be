import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { VisionProvider } from '../../src/adapters/vision/vision.ts';
import { type CoverKind, coverKinds, cutFace, drawCover } from '../../src/evaluation/draw-cover.ts';
import { compareFace } from '../../src/services/analysis/identity.ts';
import { createExam } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { pictures } from '../helpers/media.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { goOn, photographs, seat, show, unhurried, watchLog } from '../helpers/snapshots.ts';
import { type Actor, living, people, stage } from '../helpers/stage.ts';

let server: TestServer;
let folder: string;
let vision: VisionProvider;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-covered-'));
  server = await startTestServer(unhurried);
  const built = new URL('../../dist/src/adapters/vision/local/vision-local.js', import.meta.url).href;
  const local = (await import(built)) as { createLocalVision: (options: { workers: number }) => VisionProvider };
  vision = local.createLocalVision({ workers: 1 });
  // It has loaded its models before any snapshot counts.
  const { exam, token } = await seat(server);
  await show(server, exam.id, token, 'oneFace');
});
afterAll(async () => {
  await vision.dispose();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const jpeg = (image: Uint8Array | Buffer) => sharp(image).jpeg({ quality: 90 }).toBuffer();

const faceOf = async (image: Uint8Array) => {
  const { main } = await vision.readFaceImage(image);
  if (!main) throw new Error('the picture has no face');
  return main;
};

const covered = (kind: CoverKind) => async () => jpeg(await drawCover(photographs.oneFace, await faceOf(photographs.oneFace), kind));

const LIST = `query ($id: ID!) { exam(id: $id) { warnings { edges { node { type severity details } } } } }`;
interface Listed {
  type: string;
  severity: string;
  details: string;
}

async function list(id: string): Promise<Listed[]> {
  const { exam } = await server.graphql().request<{ exam: { warnings: { edges: { node: Listed }[] } } }>(LIST, { id });
  return exam.warnings.edges.map(({ node }) => node);
}

/** What is told of a candidate who is seen for four seconds and then shows this picture for six. */
async function tell(picture: Buffer): Promise<string[]> {
  const { exam, token } = await seat(server);
  await goOn(server, exam.id, token, [
    ...Array.from({ length: 4 }, () => photographs.oneFace),
    ...Array.from({ length: 6 }, () => picture),
  ]);
  return (await list(exam.id)).map(({ type, severity }) => `${severity} ${type}`);
}

it.each([
  ['a mask', covered('mask')],
  ['a dark mask', covered('dark mask')],
  ['a scarf', covered('scarf')],
  ['a niqab', covered('niqab')],
  [
    'the eyes beyond the upper edge of the picture',
    async () => jpeg(await cutFace(photographs.oneFace, await faceOf(photographs.oneFace), 'top')),
  ],
])('a candidate with %s is reported as covered or cut, not as absent', async (_what, make) => {
  expect(await tell(await make())).toEqual(['MEDIUM face_covered']);
});

it('a candidate who puts on sunglasses is not reported as covered', async () => {
  expect(await tell(await covered('sunglasses')())).toEqual([]);
});

it('a face with a mask, a scarf or sunglasses is never judged to be another person', async () => {
  const { embedding } = await faceOf(await faces.another());
  const identify = async (picture: Uint8Array) => {
    const { observation } = await vision.observeImage(picture, { phones: false, embed: true });
    return compareFace(embedding, observation.outstanding).identity;
  };
  // Uncovered it is.
  expect(await identify(photographs.oneFace)).toBe('mismatch');
  for (const kind of coverKinds) expect([kind, await identify(await covered(kind)())]).toEqual([kind, 'unknown']);
});

it('a candidate in a room with a twelfth of the light is seen, not reported as a black camera', async () => {
  const dark = await sharp(photographs.oneFace).linear(0.08, 0).jpeg({ quality: 95 }).toBuffer();
  expect(await tell(dark)).toEqual([]);
});

it('a covered lens with the noise of its sensor is a black camera, not somebody in the dark', async () => {
  const noise = Buffer.from(Array.from({ length: 640 * 480 * 3 }, (_, at) => 4 + ((at * 7_919 + (at >> 5) * 104_729) % 13)));
  const lens = await sharp(noise, { raw: { width: 640, height: 480, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
  expect(await tell(lens)).toEqual(['HIGH camera_black']);
});

it('an accommodation spares a candidate who covers the face the warning', async () => {
  const { exam, token } = await seat(server);
  const grant = `mutation ($examId: ID!) {
    setAccommodations(examId: $examId, userId: "user_1", suppress: ["face_covered"], reason: "Wears a niqab") { userId } }`;
  await server.graphql().request(grant, { examId: exam.id });
  const log = watchLog(server, exam.id);
  const niqab = await covered('niqab')();
  await goOn(server, exam.id, token, [...Array.from({ length: 6 }, () => niqab), ...Array.from({ length: 5 }, () => photographs.nobody)]);
  await log.opened('no_face');
  expect((await list(exam.id)).map(({ type }) => type)).toEqual(['no_face']);
});

it.skipIf(!pictures.phone)("a face on a phone's screen is reported as a phone, not as a second person", async () => {
  const held = await sharp(await readFile(pictures.phone ?? ''))
    .resize({ width: 420, height: 460, fit: 'inside' })
    .jpeg()
    .toBuffer();
  const { observation } = await vision.observeImage(held, { phones: true });
  const { x = 0, y = 0, width = 0, height = 0 } = observation.phones[0]?.box ?? {};
  const side = Math.round(0.8 * Math.min(width, height));
  const crop = async (who: keyof typeof people, size: { width: number; height?: number }) => {
    const [cropWidth = 0, cropHeight = 0, left = 0, top = 0] = people[who].crop.split(':').map(Number);
    return sharp(await readFile(people[who].file))
      .extract({ left, top, width: cropWidth, height: cropHeight })
      .resize(size)
      .toBuffer();
  };
  const face = { input: await crop('berta', { width: side, height: side }), left: Math.round(x + (width - side) / 2) };
  const shown = await sharp(held)
    .composite([{ ...face, top: Math.round(y + (height - side) / 2) }])
    .toBuffer();
  const room = sharp({ create: { width: 640, height: 480, channels: 3, background: '#6a6258' } });
  const parts = [
    { input: await crop('anna', { width: 200 }), left: 5, top: 120 },
    { input: shown, left: 215, top: 10 },
  ];
  const told = await tell(await room.composite(parts).jpeg().toBuffer());
  expect(told).toEqual(['HIGH phone_usage']);
});

it('a recording tells when the face was covered, and counts that as a face', async () => {
  const path = join(folder, 'scarf.webm');
  const candidate: Actor = { who: 'anna', width: 300, ...living(190, 110) };
  await stage(path, 20, [candidate], ["drawbox=x=150:y=270:w=380:h=210:c=0x8a3b46:t=fill:enable='gte(t,8)*lt(t,14)'"]);
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: true, sensitivity: 'high' } } });
  const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
  expect(await analysed(server, id)).toMatchObject({ status: 'processed' });
  expect(await list(examId)).toMatchObject([{ type: 'face_covered', severity: 'MEDIUM', details: 'Face covered or cut for 6 s' }]);
  const { recording } = await server
    .graphql()
    .request<{ recording: { analysis: { faceDetection: { facePresent: number; noFace: number } } } }>(
      `query ($id: ID!) { recording(id: $id) { analysis { faceDetection { facePresent noFace } } } }`,
      { id },
    );
  expect(recording.analysis.faceDetection).toEqual({ facePresent: 1, noFace: 0 });
});
