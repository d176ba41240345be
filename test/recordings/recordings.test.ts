import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join as joinExam } from '../helpers/exam.ts';
import { film, H264, makeMedia, pictures, speech } from '../helpers/media.ts';
import { analysed, form, type RestRecording, uploadRecording, watchProgress } from '../helpers/recordings.ts';
import { ADMIN_KEY, collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let folder: string;
let video: string;
let hasSpeech: boolean;

/** What was filmed, in the order of time. */
const TRUTH = [
  { type: 'face_present', start: 0, end: 5 },
  { type: 'no_face', start: 5, end: 10 },
  { type: 'multiple_faces', start: 10, end: 15 },
];

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  video = join(folder, 'webcam.webm');
  const sound = await speech(folder, 5);
  hasSpeech = sound !== null;
  const scenes = [
    { picture: pictures.oneFace, seconds: 5 },
    { picture: pictures.noFace, seconds: 5 },
    { picture: pictures.severalFaces, seconds: 5 },
  ];
  await film(video, scenes, sound ?? []);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const high = { settings: { aiDetection: { sensitivity: 'high' } } };

describe('a webcam recording', () => {
  let examId: string;
  let recording: RestRecording;
  let stages: string[];

  beforeAll(async () => {
    examId = (await createExam(server, high)).id;
    const uploaded = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    expect(uploaded).toMatchObject({ status: 'uploaded', type: 'webcam', format: 'webm', examId, userId: 'user_1' });
    expect(uploaded).not.toHaveProperty('analysis');
    const progress = watchProgress(server, uploaded.id);
    await progress.end();
    stages = progress.items.map(({ recordingProgress }) => recordingProgress.stage);
    recording = (await (await server.rest(`/recordings/${uploaded.id}`)).json()) as RestRecording;
  });

  it('has the documented shape once it is analysed', async () => {
    expect(recording).toEqual({
      id: expect.stringMatching(/^rec_/),
      examId,
      userId: 'user_1',
      type: 'webcam',
      duration: expect.closeTo(15, 0),
      size: (await readFile(video)).length,
      format: 'webm',
      createdAt: expect.any(String),
      url: expect.stringMatching(/\/api\/recordings\/rec_\w+\/download$/),
      status: 'processed',
      analysis: {
        faceDetection: { facePresent: expect.any(Number), multipleFaces: expect.any(Number), noFace: expect.any(Number) },
        suspiciousActivity: {
          phoneUsage: expect.any(Number),
          lookingAway: expect.any(Number),
          talking: hasSpeech ? expect.any(Number) : null,
        },
      },
    });
    const { facePresent = 0, multipleFaces = 0, noFace = 0 } = recording.analysis?.faceDetection ?? {};
    expect(facePresent + multipleFaces + noFace).toBeCloseTo(1, 9);
    for (const share of [facePresent, multipleFaces, noFace]) expect(share).toBeCloseTo(1 / 3, 0.9);
  });

  it('has segments that are correct to within one sample', async () => {
    const { recording: found } = await server.graphql().request<{
      recording: {
        sha256: string;
        analysis: { sampledFrames: number; detector: string; segments: { type: string; startSeconds: number; endSeconds: number }[] };
      };
    }>(`{ recording(id: "${recording.id}") { sha256 analysis { sampledFrames detector segments { type startSeconds endSeconds confidence } } } }`);
    expect(found.sha256).toBe(
      createHash('sha256')
        .update(await readFile(video))
        .digest('hex'),
    );
    expect(found.analysis.sampledFrames).toBeGreaterThanOrEqual(14);
    expect(found.analysis.detector).toMatch(/human/);
    for (const { type, start, end } of TRUTH) {
      const segments = found.analysis.segments.filter((segment) => segment.type === type);
      expect(segments, type).toHaveLength(1);
      expect(Math.abs((segments[0]?.startSeconds ?? -9) - start), `${type} starts`).toBeLessThanOrEqual(1);
      expect(Math.abs((segments[0]?.endSeconds ?? -9) - end), `${type} ends`).toBeLessThanOrEqual(1);
    }
  });

  it('raises one warning per episode, with the recording and the position in it', async () => {
    const query = `{ exam(id: "${examId}") { warnings { edges { node { type source offsetSeconds confidence details recording { id } userId } } } } }`;
    const { exam } = await server.graphql().request<{ exam: { warnings: { edges: { node: { type: string } }[] } } }>(query);
    const warnings = exam.warnings.edges.map(({ node }) => node);
    for (const type of ['no_face', 'multiple_faces']) {
      expect(warnings.filter((warning) => warning.type === type)).toEqual([
        expect.objectContaining({
          source: 'ANALYSIS',
          userId: 'user_1',
          recording: { id: recording.id },
          offsetSeconds: expect.any(Number),
          confidence: expect.any(Number),
        }),
      ]);
    }
  });

  it('reported its progress while it was analysed', () => {
    expect(stages).toContain('watching');
    expect(stages.at(-1)).toBe('done');
  });

  it('can be downloaded in ranges, with credentials or a signed link', async () => {
    const bytes = await readFile(video);
    const whole = await server.rest(`/recordings/${recording.id}/download`);
    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await server.rest(`/recordings/${recording.id}/download`, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 100-199/${bytes.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200))).toBe(true);
    expect((await server.rest(`/recordings/${recording.id}/download`, { headers: { range: `bytes=${bytes.length}-` } })).status).toBe(416);
    expect((await server.rest(`/recordings/${recording.id}/download`, { method: 'HEAD' })).headers.get('content-length')).toBe(
      String(bytes.length),
    );

    const { recording: found } = await server
      .graphql()
      .request<{ recording: { url: string } }>(`{ recording(id: "${recording.id}") { url } }`);
    expect((await fetch(found.url)).status).toBe(200);
    // Not the last character: some of its bits are padding, and whatever they say the signature is the same.
    expect((await fetch(found.url.replace(/.(?=.$)/, (bit) => (bit === 'A' ? 'B' : 'A')))).status).toBe(401);
    const other = await uploadRecording(server, { examId, userId: 'user_9', type: 'webcam', path: video });
    expect((await fetch(found.url.replace(recording.id, other.id))).status).toBe(401);
    await analysed(server, other.id);
  });
});

describe('the analysis', () => {
  it.each(['kill', 'shutDown'] as const)('survives a %s in the middle without duplicate warnings', async (end) => {
    const { id: examId } = await createExam(server, high);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    const progress = watchProgress(server, id);
    await progress.find(({ recordingProgress }) => recordingProgress.stage === 'watching');
    await server[end]();
    await server.restart();
    const recording = await analysed(server, id);
    expect(recording).toMatchObject({ status: 'processed' });
    const { exam } = await server
      .graphql()
      .request<{ exam: { warnings: { edges: { node: { type: string } }[] } } }>(
        `{ exam(id: "${examId}") { warnings(types: ["no_face"]) { edges { node { type } } } } }`,
      );
    expect(exam.warnings.edges).toHaveLength(1);
  });

  it('is not made if the exam has turned it off', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    expect(await analysed(server, id)).toMatchObject({ status: 'uploaded', duration: expect.closeTo(15, 0) });
  });

  it('says nothing about talking if the video has no sound', async () => {
    const path = join(folder, 'silent.webm');
    await film(path, [{ picture: pictures.oneFace, seconds: 3 }]);
    const { id: examId } = await createExam(server);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
    expect((await analysed(server, id)).analysis?.suspiciousActivity?.talking).toBeNull();
  });

  it('says how long a screen was idle and blank', async () => {
    const path = join(folder, 'screen.mp4');
    await makeMedia(
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=640x360:r=5:d=4',
      '-f',
      'lavfi',
      '-i',
      'color=black:s=640x360:r=5:d=4',
      '-filter_complex',
      '[0][1]concat=n=2[v]',
      '-map',
      '[v]',
      ...H264,
      path,
    );
    const { id: examId } = await createExam(server);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'screen', path });
    const recording = await analysed(server, id);
    expect(recording).toMatchObject({ status: 'processed', format: 'mp4', type: 'screen' });
    expect(Object.keys(recording.analysis ?? {})).toEqual(['screen']);
    expect(recording.analysis?.screen?.blank).toBeCloseTo(0.5, 0.7);
  });

  it('pushes its warnings to consoles', async () => {
    const { id: examId } = await createExam(server, high);
    const live = collect<{ warningAdded: { type: string } }>(
      server.subscribe(),
      'subscription ($examId: ID!) { warningAdded(examId: $examId) { type } }',
      { examId },
    );
    await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    expect(await live.find(({ warningAdded }) => warningAdded.type === 'multiple_faces')).toBeDefined();
  });
});

describe('an upload over tus', () => {
  it('becomes the same recording', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const token = await joinExam(server, examId, 'user_1');
    const bytes = await readFile(video);
    const id = await new Promise<string>((resolve, reject) => {
      new Upload(bytes, {
        endpoint: `${server.api}/uploads`,
        chunkSize: 64 * 1024,
        metadata: { examId, userId: 'user_1', type: 'webcam', filename: 'a.webm', filetype: 'video/webm' },
        headers: { authorization: `Bearer ${token}` },
        onError: reject,
        onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('X-Recording-Id') ?? ''),
      }).start();
    });
    expect(await (await server.rest(`/recordings/${id}`)).json()).toMatchObject({
      examId,
      userId: 'user_1',
      type: 'webcam',
      size: bytes.length,
      status: 'uploaded',
    });
  });

  it('is refused for another candidate, without credentials, and if it is not a video', async () => {
    const { id: examId } = await createExam(server);
    const token = await joinExam(server, examId, 'user_1');
    const create = (credential: string | null, userId: string, body?: string) => {
      const metadata = Object.entries({ examId, userId, type: 'webcam' }).map(
        ([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`,
      );
      return server.rest('/uploads', {
        method: 'POST',
        credential,
        ...(body && { body }),
        headers: {
          'tus-resumable': '1.0.0',
          'upload-length': String(body?.length ?? 5),
          'upload-metadata': metadata.join(','),
          ...(body && { 'content-type': 'application/offset+octet-stream' }),
        },
      });
    };
    expect((await create(null, 'user_1')).status).toBe(401);
    expect((await create(token, 'user_2')).status).toBe(401);
    await server.idle();
    const before = await server.storedFiles();
    const text = await create(token, 'user_1', 'hello');
    expect(text.status).toBe(400);
    expect(await text.json()).toMatchObject({ error: { details: [{ field: 'file' }] } });
    await expect.poll(() => server.storedFiles()).toEqual(before);
    const open = await create(token, 'user_1');
    const location = new URL(open.headers.get('location') ?? '', server.url);
    const other = await joinExam(server, examId, 'user_2');
    const peek = await fetch(location, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${other}` } });
    expect(peek.status).toBe(404);
  });
});

describe('a recording that is refused', () => {
  const notVideos: [string, () => Promise<Uint8Array<ArrayBuffer>>][] = [
    ['a text file named .webm', async () => new TextEncoder().encode('This is no video.')],
    ['an empty file', async () => new Uint8Array(0)],
    [
      'a WebM header and noise',
      async () => new Uint8Array(Buffer.concat([(await readFile(video)).subarray(0, 60), Buffer.alloc(5_000, 7)])),
    ],
    [
      'sound without pictures',
      async () => new Uint8Array(await makeMedia('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'libopus', '-f', 'webm', 'pipe:1')),
    ],
    ['a playlist that names other files', async () => new TextEncoder().encode('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')],
  ];

  it.each(notVideos)('for being %s names the field and leaves nothing behind', async (_name, make) => {
    const { id: examId } = await createExam(server);
    await server.idle();
    const before = await server.storedFiles();
    const body = await form({ examId, userId: 'user_1', type: 'webcam', file: { bytes: await make() } });
    const response = await server.rest('/recordings', { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_request', details: [{ field: 'file', issue: expect.any(String) }] },
    });
    await expect.poll(() => server.storedFiles()).toEqual(before);
    const { exam } = await server
      .graphql()
      .request<{ exam: object }>(`{ exam(id: "${examId}") { lastSeq recordings { edges { cursor } } participants { edges { cursor } } } }`);
    expect(exam).toEqual({ lastSeq: 0, recordings: { edges: [] }, participants: { edges: [] } });
  });

  it('for invalid fields names each of them', async () => {
    const { id: examId } = await createExam(server);
    const post = async (fields: Parameters<typeof form>[0]) => {
      const response = await server.rest('/recordings', { method: 'POST', body: await form(fields) });
      return { status: response.status, ...((await response.json()) as { error: { details: { field: string }[] } }) };
    };
    expect(await post({ examId, userId: 'user_1', type: 'microphone', file: { path: video } })).toMatchObject({
      status: 400,
      error: { details: [{ field: 'type' }] },
    });
    expect(await post({ userId: 'user_1', type: 'webcam', file: { path: video } })).toMatchObject({
      status: 400,
      error: { details: [{ field: 'examId' }] },
    });
    expect(await post({ examId, userId: 'user_1', type: 'webcam' })).toMatchObject({
      status: 400,
      error: { details: [{ field: 'file' }] },
    });
    expect(await post({ examId: 'exam_unknown', userId: 'user_1', type: 'webcam', file: { path: video } })).toMatchObject({ status: 404 });
  });
});

describe('a form that is sent again with its Idempotency-Key', () => {
  it('gets the first recording, whatever the order, the case and the extra fields', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const send = async (fields: Parameters<typeof form>[0]) => {
      const headers = { 'idempotency-key': 'upload-1' };
      const response = await server.rest('/recordings', { method: 'POST', body: await form(fields), headers });
      return (await response.json()) as object;
    };
    const file = { path: video };
    const first = await send({ examId, userId: 'user_1', type: 'webcam', file });
    expect(first).toMatchObject({ id: expect.stringMatching(/^rec_/), status: 'uploaded' });
    expect(await send({ file, type: 'WEBCAM', userId: 'user_1', attempt: '2', examId })).toEqual(first);
    expect(await send({ examId, userId: 'user_1', type: 'screen', file })).toMatchObject({ error: { code: 'conflict' } });
  });
});

describe('a GraphQL upload', () => {
  it('streams a file into the same recording', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const query = 'mutation ($input: UploadRecordingInput!) { uploadRecording(input: $input) { id type size status } }';
    const operations = JSON.stringify({ query, variables: { input: { examId, userId: 'user_1', type: 'SCREEN', file: null } } });
    const body = await form({ operations, map: JSON.stringify({ f: ['variables.input.file'] }), f: { path: video } });
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', body, headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(await response.json()).toEqual({
      data: {
        uploadRecording: { id: expect.stringMatching(/^rec_/), type: 'SCREEN', size: (await readFile(video)).length, status: 'UPLOADED' },
      },
    });
  });

  it('that is not a video leaves nothing behind', async () => {
    const { id: examId } = await createExam(server);
    await server.idle();
    const before = await server.storedFiles();
    const path = join(folder, 'note.webm');
    await writeFile(path, 'no video');
    const query = 'mutation ($input: UploadRecordingInput!) { uploadRecording(input: $input) { id } }';
    const operations = JSON.stringify({ query, variables: { input: { examId, userId: 'user_1', type: 'SCREEN', file: null } } });
    const body = await form({ operations, map: JSON.stringify({ f: ['variables.input.file'] }), f: { path } });
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', body, headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'INVALID_REQUEST', details: [{ field: 'file' }] } }] });
    await expect.poll(() => server.storedFiles()).toEqual(before);
  });
});
