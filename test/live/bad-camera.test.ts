import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { film, makeMedia, pictures } from '../helpers/media.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { type Actor, living, stage, still } from '../helpers/stage.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-camera-'));
  server = await startTestServer();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Told {
  /** `type from-to` of all segments that are suspicious, whole seconds. */
  episodes: string[];
  /** `severity type` */
  warnings: string[];
  faceDetection: { facePresent: number; multipleFaces: number; noFace: number };
}

const QUERY = `query ($id: ID!) { recording(id: $id) {
  analysis { segments { type startSeconds endSeconds } faceDetection { facePresent multipleFaces noFace } } } }`;
const WARNINGS = `query ($id: ID!) { exam(id: $id) { warnings { edges { node { type severity } } } } }`;

/** What a proctor is told of a recording that is uploaded. */
async function tell(name: string, make: (path: string) => Promise<void>): Promise<Told> {
  const path = join(folder, `${name}.webm`);
  await make(path);
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: true, sensitivity: 'high' } } });
  const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
  expect(await analysed(server, id)).toMatchObject({ status: 'processed' });
  const { recording } = await server.graphql().request<{
    recording: {
      analysis: { segments: { type: string; startSeconds: number; endSeconds: number }[]; faceDetection: Told['faceDetection'] };
    };
  }>(QUERY, { id });
  const { exam } = await server
    .graphql()
    .request<{ exam: { warnings: { edges: { node: { type: string; severity: string } }[] } } }>(WARNINGS, { id: examId });
  return {
    episodes: recording.analysis.segments
      .filter(({ type }) => type !== 'face_present')
      .map(({ type, startSeconds, endSeconds }) => `${type} ${Math.round(startSeconds)}-${Math.round(endSeconds)}`),
    warnings: exam.warnings.edges.map(({ node: { severity, type } }) => `${severity} ${type}`),
    faceDetection: recording.analysis.faceDetection,
  };
}

const candidate: Actor = { who: 'anna', width: 300, ...living(190, 110) };

it('a black camera is reported as camera_black, not as a candidate who left', async () => {
  const told = await tell('black', (path) => stage(path, 18, [candidate], ["drawbox=w=iw:h=ih:c=black:t=fill:enable='gte(t,6)*lt(t,14)'"]));
  expect(told.episodes).toEqual(['camera_black 6-14']);
  expect(told.warnings).toEqual(['HIGH camera_black']);
  // There was no face all the same.
  expect(told.faceDetection.noFace).toBeCloseTo(8 / 18, 1);
});

it('a frozen camera is reported as camera_frozen, even if the candidate in the picture does nothing wrong', async () => {
  const told = await tell('frozen', (path) =>
    stage(path, 36, [
      { ...candidate, when: 'lt(t,6)' },
      { ...candidate, ...still(190, 110), when: 'gte(t,6)' },
    ]),
  );
  expect(told.warnings).toEqual(['HIGH camera_frozen']);
  expect(told.episodes).toEqual(['camera_frozen 6-36']);
});

/** Films a candidate for 40 s with sound, whose camera sends nothing between two seconds. @param sound whether there is some meanwhile */
async function filmStall(path: string, [from, to]: [number, number], { sound }: { sound: boolean }): Promise<void> {
  const silent = `${path}.silent.webm`;
  await stage(silent, 40, [candidate], [`select='not(gte(t,${from})*lt(t,${to}))'`]);
  const noise = ['-f', 'lavfi', '-i', 'anoisesrc=amplitude=0.01:duration=40:seed=1'];
  const sounding = `${path}.sound.webm`;
  await makeMedia('-i', silent, ...noise, '-c:a', 'libopus', '-c:v', 'copy', sounding);
  const drop = sound ? [] : ['-bsf:a', `noise=drop='gte(pts*tb,${from})*lt(pts*tb,${to})'`];
  await makeMedia('-i', sounding, '-c', 'copy', ...drop, path);
}

it('a camera that pauses or stops while the sound continues is reported as camera_frozen', async () => {
  const told = await tell('stalled', (path) => filmStall(path, [10, 34], { sound: true }));
  expect(told.warnings).toEqual(['HIGH camera_frozen']);
  expect(told.episodes).toEqual(['camera_frozen 10-34']);
  const ended = await tell('ended', (path) => filmStall(path, [10, 40], { sound: true }));
  expect(ended.warnings).toEqual(['HIGH camera_frozen']);
  expect(ended.episodes).toEqual(['camera_frozen 10-40']);
});

it('a lost chunk, picture and sound, is not reported as camera_frozen, and neither is a short stall', async () => {
  const lost = await tell('lost', (path) => filmStall(path, [10, 34], { sound: false }));
  const short = await tell('short', (path) => filmStall(path, [10, 22], { sound: true }));
  expect([lost.warnings, lost.episodes, short.warnings, short.episodes]).toEqual([[], [], [], []]);
});

it('a still picture of an empty room is reported as no_face, not as a broken camera', async () => {
  const told = await tell('empty', (path) => film(path, [{ picture: pictures.noFace, seconds: 25 }]));
  expect(told.warnings).toEqual(['MEDIUM no_face']);
});

it('a portrait on the wall neither counts as a second person nor hides that the candidate left', async () => {
  const portrait: Actor = { who: 'berta', width: 110, ...still(30, 30) };
  const told = await tell('portrait', (path) => stage(path, 48, [portrait, { ...candidate, when: 'lt(t,40)' }]));
  expect(told.episodes).toEqual(['no_face 40-48']);
  expect(told.warnings).toEqual(['MEDIUM no_face']);
  expect(told.faceDetection.multipleFaces).toBe(0);
});

it('a portrait that is larger than the candidate, or uncovered later, counts as no second person', async () => {
  const poster: Actor = { who: 'berta', width: 250, ...still(20, 90) };
  const far: Actor = { who: 'anna', width: 150, ...living(420, 160) };
  const larger = await tell('poster', (path) => stage(path, 44, [poster, far]));
  expect(larger.warnings).toEqual([]);
  const hidden: Actor = { who: 'berta', width: 110, ...still(30, 30), when: 'gte(t,6)' };
  const later = await tell('uncovered', (path) => stage(path, 44, [hidden, candidate]));
  expect(later.warnings).toEqual([]);
});

it('a helper in the background who stays in one place counts as a second person', async () => {
  const helper: Actor = { who: 'berta', width: 110, x: '30+3*sin(1.7*t)', y: '30+2*sin(2.3*t)' };
  const told = await tell('helper', (path) => stage(path, 40, [helper, candidate]));
  expect(told.warnings).toEqual(['HIGH multiple_faces']);
  expect(told.faceDetection.multipleFaces).toBeGreaterThan(0.9);
});

it('somebody far behind the candidate, with a face of 30 pixels, counts as a second person', async () => {
  const helper: Actor = { who: 'clara', width: 54, ...living(60, 60), when: 'gte(t,6)*lt(t,14)' };
  const told = await tell('far', (path) => stage(path, 20, [candidate, helper]));
  expect(told.warnings).toEqual(['HIGH multiple_faces']);
  // A face this small may be missed in a frame or two.
  for (const episode of told.episodes) expect(episode).toMatch(/^multiple_faces ([6-9]|1[0-3])-(\d|1[0-4])$/);
  expect(told.faceDetection.multipleFaces).toBeGreaterThan(5 / 20);
  expect(told.faceDetection.multipleFaces).toBeLessThanOrEqual(8 / 20);
});

it('a photo held in front of the camera instead of the candidate is eventually reported', async () => {
  const photo: Actor = { ...candidate, ...still(190, 110) };
  // The light changes, as it does before a camera that runs.
  const told = await tell('photo', (path) => stage(path, 126, [photo], ["eq=brightness='0.08*sin(t)':eval=frame"]));
  expect(told.warnings).toEqual(['LOW face_still']);
});
