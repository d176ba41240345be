import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Status } from 'google-gax';
import { jwtVerify } from 'jose';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { createExam } from '../helpers/exam.ts';
import { scenes, type SceneName } from '../helpers/google-vision-answers.ts';
import { type FakeGoogleVision, startGoogleVision } from '../helpers/google-vision.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { analysed, type RestRecording, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { seat, snap, watchLog } from '../helpers/snapshots.ts';

let folder: string;
/** Half a minute of somebody at the screen; no second is like the one before. */
let quiet: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-google-'));
  quiet = await play('quiet', [['ahead', 30]]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Films colours that stand for what the fake service shall see, above a strip that never stands still. */
async function play(name: string, shown: [SceneName, number][]): Promise<string> {
  const path = join(folder, `${name}.webm`);
  const seconds = shown.reduce((sum, [, length]) => sum + length, 0);
  const colours = shown.flatMap(([scene, length]) => [
    '-f',
    'lavfi',
    '-i',
    `color=${scenes[scene]}:size=640x400:rate=5:duration=${length}`,
  ]);
  const strip = ['-f', 'lavfi', '-i', `testsrc=size=640x80:rate=5:duration=${seconds}`];
  const parts = shown.map((_scene, index) => `[${index}]`).join('');
  const graph = `${parts}concat=n=${shown.length}[top];[top][${shown.length}]vstack`;
  await makeMedia(...colours, ...strip, '-filter_complex', graph, ...VP8, path);
  return path;
}

/** A snapshot as a phone takes it: large, and with what it knows of the place. */
const photograph = (scene: SceneName): Promise<Buffer> =>
  sharp({ create: { width: 1280, height: 960, channels: 3, background: scenes[scene] } })
    .withExif({ IFD0: { Make: 'Phone' }, IFD3: { GPSLatitude: '52/1 31/1 0/1' } })
    .jpeg()
    .toBuffer();

interface Case {
  server: TestServer;
  google: FakeGoogleVision;
}

async function withGoogle(settings: Record<string, string>, use: (it: Case) => Promise<void>): Promise<void> {
  const google = await startGoogleVision();
  try {
    const server = await startTestServer({ ...google.settings, ...settings });
    try {
      await use({ server, google });
    } finally {
      await server.stop();
    }
  } finally {
    await google.stop();
  }
}

async function upload(server: TestServer, path = quiet, userId = 'user_1'): Promise<string> {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { sensitivity: 'high' } } });
  return (await uploadRecording(server, { examId, userId, type: 'webcam', path })).id;
}

const analyse = async (server: TestServer, path = quiet): Promise<RestRecording> => analysed(server, await upload(server, path));
const runAgain = async (server: TestServer, id: string): Promise<RestRecording> => {
  expect((await server.rest(`/recordings/${id}/retry`, { method: 'POST' })).status).toBe(200);
  return analysed(server, id);
};

const pictures = ({ batches }: FakeGoogleVision) => batches.flatMap((batch) => batch.pictures);
const asked = (google: FakeGoogleVision, feature: string) => pictures(google).filter(({ features }) => features.includes(feature)).length;

async function countedUnits(server: TestServer): Promise<number> {
  const [row] = await runSql<{ units: string }>(server, 'SELECT units FROM "VisionSpending"');
  return Number(row?.units ?? 0);
}

interface Analysed {
  recording: {
    analysis: { detector: string; sampledFrames: number; segments: { type: string; startSeconds: number; endSeconds: number }[] };
  };
}
const ANALYSIS = '{ analysis { detector sampledFrames segments { type startSeconds endSeconds } } }';

describe('with Google Vision, a candidate', () => {
  let google: FakeGoogleVision;
  let server: TestServer;
  beforeAll(async () => {
    google = await startGoogleVision();
    server = await startTestServer({ ...google.settings, GOOGLE_VISION_RETRY_SECONDS: '2' });
  });
  afterAll(async () => {
    await server.stop();
    await google.stop();
  });
  afterEach(async () => {
    google.always = null;
    expect(await countedUnits(server)).toBeGreaterThanOrEqual(google.billed());
  });

  it('in a recording is described second by second as Google saw it, and the detector names who looked and who listened', async () => {
    const path = await play('exam', [
      ['ahead', 14],
      ['glance', 6],
      ['ahead', 4],
      ['lowered', 6],
      ['turned', 5],
      ['nobody', 5],
      ['two', 5],
      ['phone', 5],
    ]);
    google.always = { delayMs: 400 };
    const { id, status, analysis } = await analyse(server, path);
    expect(status).toBe('processed');
    expect(analysis?.faceDetection).toEqual({ facePresent: 0.8, multipleFaces: 0.1, noFace: 0.1 });
    expect(analysis?.suspiciousActivity?.lookingAway).toBeCloseTo(11 / 50, 2);
    expect(analysis?.suspiciousActivity?.phoneUsage).toBeCloseTo(5 / 50, 2);

    const { recording } = await server.graphql().request<Analysed>(`{ recording(id: "${id}") ${ANALYSIS} }`);
    expect(recording.analysis.detector).toMatch(
      /^google\/v1 \(FACE_DETECTION, OBJECT_LOCALIZATION\) \+ local\/\d+ \([^()]*face-api [^()]*silero 6\)$/,
    );
    const times = (type: string) =>
      recording.analysis.segments
        .filter((segment) => segment.type === type)
        .map(({ startSeconds, endSeconds }) => [Math.round(startSeconds), Math.round(endSeconds)]);
    expect(times('looking_away')).toEqual([
      [14, 20],
      [30, 35],
    ]);
    expect(times('no_face')).toEqual([[35, 40]]);
    expect(times('multiple_faces')).toEqual([[40, 45]]);
    expect(times('phone_usage')).toEqual([[45, 50]]);

    // Nothing is bought twice, phones are looked for only where they may be, and pictures go together.
    expect(asked(google, 'FACE_DETECTION')).toBe(recording.analysis.sampledFrames);
    expect(asked(google, 'OBJECT_LOCALIZATION')).toBeLessThan(recording.analysis.sampledFrames);
    expect(google.batches.length).toBeLessThan(recording.analysis.sampledFrames / 2);
    for (const { width, height } of pictures(google)) expect([width, height]).toEqual([640, 480]);
    expect(await countedUnits(server)).toBe(google.billed());
    expect(google.batches[0]?.headers['x-goog-api-client']).toContain('gapic/');
    expect(google.batches[0]?.headers).not.toHaveProperty('authorization');
    expect(server.log()).toContain('webcam pictures are sent to Google Vision, without a cap');
  });

  it('in a recording gets a failed analysis with a reason when the quota is used up, and a complete one when it is run again', async () => {
    google.always = { code: Status.RESOURCE_EXHAUSTED, message: "Quota exceeded for quota metric 'Requests'" };
    const { id, status, error } = await analyse(server);
    expect([status, error]).toEqual(['failed', "Google Vision's quota is used up; the analysis can be run again"]);
    expect(server.log()).toContain("Quota exceeded for quota metric 'Requests'");
    // Refusals are not billed, so they do not eat up the cap.
    expect(await countedUnits(server)).toBe(google.billed());
    google.always = null;
    expect(await runAgain(server, id)).toMatchObject({ status: 'processed', analysis: { faceDetection: { facePresent: 1 } } });
  });

  it('in a recording gets a failed analysis immediately if Google refuses everything, and the log says why', async () => {
    google.always = {
      code: Status.PERMISSION_DENIED,
      message: 'Cloud Vision API has not been used in project 1 before or it is disabled.',
    };
    const { id, status, error } = await analyse(server);
    expect([status, error]).toEqual(['failed', expect.stringContaining('Google Vision refuses this server')]);
    // Three attempts would be in vain.
    const failures = server
      .log()
      .split('\n')
      .filter((line) => line.includes('an analysis failed') && line.includes(id));
    expect(failures).toEqual([expect.stringContaining('it is disabled')]);
    google.always = null;
    expect(await runAgain(server, id)).toMatchObject({ status: 'processed' });
  });

  it('in a recording is analysed even if Google fails at one picture', async () => {
    google.faults.push({ picture: 0, code: Status.INTERNAL, message: 'Internal error.' });
    expect(await analyse(server)).toMatchObject({ status: 'processed', analysis: { faceDetection: { facePresent: 1 } } });
  });

  it('in a recording gets a failed analysis with a reason if Google cannot read one picture', async () => {
    google.faults.push({ picture: 0, code: Status.INVALID_ARGUMENT, message: 'Bad image data.' });
    const { id, status, error } = await analyse(server);
    expect([status, error]).toEqual(['failed', 'Google Vision cannot read a picture of the recording; the analysis can be run again']);
    expect(await runAgain(server, id)).toMatchObject({ status: 'processed' });
  });

  it('in snapshots is judged immediately, and snapshots that no service analyses are reported as evidence_gap', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    const before = google.batches.length;
    const shots = await Promise.all((['ahead', 'two'] as const).map(photograph));
    const send = async (shot: Buffer | undefined) => {
      const sent = google.batches.length;
      expect((await snap(server, exam.id, shot ?? Buffer.alloc(0), token)).status).toBe(200);
      // Before the next one comes and takes its place.
      await google.received(sent + 1);
      await setTimeout(1_000);
    };
    for (const shot of [0, 1, 1, 1, 1]) await send(shots[shot]);
    expect(await log.opened('multiple_faces')).toMatchObject({ source: 'ANALYSIS', confidence: expect.closeTo(0.81, 2) as number });
    for (const { width, height, jpeg } of google.batches.slice(before).flatMap((batch) => batch.pictures)) {
      expect([width, height]).toEqual([640, 480]);
      // Where and by what it was taken is nothing to Google.
      expect((await sharp(jpeg).metadata()).exif).toBeUndefined();
    }
    google.always = { code: Status.PERMISSION_DENIED, message: 'This API method requires billing to be enabled.' };
    const begun = performance.now();
    for (const shot of [0, 0, 0, 0]) await send(shots[shot]);
    expect((await log.opened('evidence_gap')).details).toMatch(/^The service that analyses snapshots was unavailable/);
    // Once in ten seconds.
    const most = 1 + Math.floor((performance.now() - begun) / 10_000);
    expect(server.log().match(/a snapshot could not be analysed/g)?.length).toBeLessThanOrEqual(most);
  });

  it('at check-in is compared on this machine, and the verification says so', async () => {
    const before = google.batches.length;
    const picture = (await readFile(join(projectRoot, 'node_modules/@vladmandic/face-api/demo/sample1.jpg'))).toString('base64');
    const mutation = 'mutation ($input: VerifyUserInput!) { verifyUser(input: $input) { id faceDetected detector } }';
    const input = { userId: 'user_1', referenceImage: picture, verificationImage: picture };
    const { verifyUser } = await server.graphql().request<{ verifyUser: object }>(mutation, { input });
    const detector = expect.stringMatching(/^local\/\d+ \(human [^()]*face-api [^()]*\)$/) as string;
    expect(verifyUser).toMatchObject({ faceDetected: true, detector });
    expect(google.batches).toHaveLength(before);
  });
});

describe('a recording during a Google Vision outage', () => {
  it('is analysed in one attempt although the service refuses twice, is slow and drops the connection', async () => {
    const google = await startGoogleVision();
    const proxy = await startFreezableProxy(google.endpoint);
    const server = await startTestServer({ ...google.settings, GOOGLE_VISION_ENDPOINT: proxy.url, GOOGLE_VISION_RETRY_SECONDS: '60' });
    try {
      const unavailable = { code: Status.UNAVAILABLE, message: 'The service is currently unavailable.' };
      google.faults.push(unavailable, unavailable, { delayMs: 1_000 }, { delayMs: 1_000 });
      const id = await upload(server);
      await google.received(4);
      await proxy.cut();
      await proxy.restore();
      expect(await analysed(server, id)).toMatchObject({ status: 'processed', analysis: { faceDetection: { facePresent: 1 } } });
      expect(server.log()).not.toContain('an analysis failed');
      // Whose answer was lost on the way may have been billed.
      expect(await countedUnits(server)).toBeGreaterThanOrEqual(google.billed());

      const before = google.batches.length;
      google.always = { delayMs: 60_000 };
      const interrupted = await upload(server, quiet, 'user_2');
      await google.received(before + 2);
      // No shutdown waits for an answer, and the next start takes up what it left.
      await server.shutDown();
      expect(server.log()).not.toContain('did not close in time');
      google.always = null;
      await server.restart();
      expect(await analysed(server, interrupted)).toMatchObject({ status: 'processed' });
    } finally {
      await server.stop();
      await proxy.stop();
      await google.stop();
    }
  });

  it('fails with a reason after all attempts if no answer comes in time', () =>
    withGoogle({ GOOGLE_VISION_RETRY_SECONDS: '1' }, async ({ server, google }) => {
      google.always = { delayMs: 60_000 };
      expect(await analyse(server)).toMatchObject({
        status: 'failed',
        error: 'Google Vision does not answer in time; the analysis can be run again',
      });
    }));
});

describe('the cap on the cost of Google Vision', () => {
  const reached =
    'The cap on the cost of Google Vision per month is reached; the analysis can be run again when the month is over or the cap is raised';

  it('is respected by two servers together to the last unit, and a recording that hit it is analysed in the next month', () =>
    withGoogle({ GOOGLE_VISION_MAX_UNITS_PER_MONTH: '70', WORKER_CONCURRENCY: '2' }, async ({ server, google }) => {
      const another = await server.another();
      try {
        const ids = await Promise.all(['a', 'b', 'c', 'd'].map((userId) => upload(server, quiet, userId)));
        const recordings = await Promise.all(ids.map((id) => analysed(server, id)));
        const failed = recordings.filter(({ status }) => status === 'failed');
        expect(failed.length).toBeGreaterThanOrEqual(2);
        for (const { error } of failed) expect(error).toBe(reached);
        expect(google.billed()).toBeGreaterThan(35);
        expect(google.billed()).toBeLessThanOrEqual(70);
        expect(await countedUnits(server)).toBe(google.billed());
        expect(server.log()).toContain('at most 70 units per month');

        await runSql(server, `UPDATE "VisionSpending" SET month = month - INTERVAL '1 month', day = day - 31`);
        expect(await runAgain(server, failed[0]?.id ?? '')).toMatchObject({ status: 'processed' });
      } finally {
        await another.stop();
      }
    }));
});

describe('with VISION_PROVIDER=google,', () => {
  it('the command line still sends nothing', () =>
    withGoogle({}, async ({ google }) => {
      const env = { PATH: process.env['PATH'], ...google.settings };
      const { stdout } = await promisify(execFile)(process.execPath, [join(projectRoot, 'dist/src/cli.js'), 'analyze', '--json', quiet], {
        env,
      });
      expect((JSON.parse(stdout) as { detector: string }).detector).toMatch(/^local/);
      expect(google.batches).toEqual([]);
    }));

  it('a start without credentials, or with an endpoint that would leak pictures, fails with one line', async () => {
    const start = (settings: Record<string, string>) =>
      startTestServer({ VISION_PROVIDER: 'google', METADATA_SERVER_DETECTION: 'none', ...settings });
    await expect(start({})).rejects.toThrow(
      /ended with 1: Google Vision has no credentials: Could not load the default credentials[^\n]*\n$/,
    );
    await expect(start({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'missing.json') })).rejects.toThrow(
      /no credentials: [^\n]*missing\.json[^\n]*\n$/,
    );
    await expect(start({ GOOGLE_VISION_ENDPOINT: 'http://vision.example.com' })).rejects.toThrow(/GOOGLE_VISION_ENDPOINT must be a host/);
  });

  it('a service account is used over TLS as Google requires', async (context) => {
    const files = { key: join(folder, 'tls.key'), certificate: join(folder, 'tls.crt') };
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      files.key,
      '-out',
      files.certificate,
      ...subject,
    ]);
    if (
      !(await made.then(
        () => true,
        () => false,
      ))
    )
      context.skip('there is no openssl to make a certificate');
    const account = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const credentials = join(folder, 'account.json');
    const email = 'invigil@example.iam.gserviceaccount.com';
    await writeFile(
      credentials,
      JSON.stringify({
        type: 'service_account',
        project_id: 'example',
        private_key_id: 'key_1',
        private_key: account.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        client_email: email,
        client_id: '1',
      }),
    );
    const google = await startGoogleVision({ key: await readFile(files.key), certificate: await readFile(files.certificate) });
    const trust = { GOOGLE_APPLICATION_CREDENTIALS: credentials, NODE_EXTRA_CA_CERTS: files.certificate };
    const server = await startTestServer({ ...google.settings, ...trust });
    try {
      expect(await analyse(server)).toMatchObject({ status: 'processed', analysis: { faceDetection: { facePresent: 1 } } });
      const token = /^Bearer (.+)$/.exec(String(google.batches[0]?.headers['authorization']))?.[1] ?? '';
      const { payload } = await jwtVerify(token, account.publicKey);
      expect(payload).toMatchObject({ iss: email, scope: expect.stringContaining('cloud-') as string });
    } finally {
      await server.stop();
      await google.stop();
    }
  });
});
