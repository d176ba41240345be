import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { cut, finishLive, sendChunks, startLive } from '../helpers/live.ts';
import { caseFile, clustersOf, ffmpeg, film, fragmentsOf, H264, makeMedia, pictures, tempDir, VP8 } from '../helpers/media.ts';
import { analysed, form, type RestRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { patch, tusHeaders } from '../helpers/tus.ts';

let server: TestServer;
/** An empty room, and a candidate: 4 s each, as a browser records them. */
let nobody: Buffer;
let face: Buffer;
let nobodyMp4: Buffer;
let faceMp4: Buffer;
let examId: string;
beforeAll(async () => {
  server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '1' });
  const dir = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=4'];
  const filmed = async (name: 'noFace' | 'oneFace') => {
    const path = join(dir, `${name}.webm`);
    await film(path, [{ picture: pictures[name], seconds: 4 }], sound);
    const fragmented = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1'];
    return [await readFile(path), await makeMedia('-i', path, ...H264, '-g', '10', '-c:a', 'aac', ...fragmented)] as const;
  };
  const [room, person] = [await filmed('noFace'), await filmed('oneFace')];
  [nobody, nobodyMp4] = room;
  [face, faceMp4] = person;
  await rm(dir, { recursive: true });
  examId = (await createExam(server, { settings: { aiDetection: { sensitivity: 'high' } } })).id;
});
afterAll(() => server.stop());

let users = 0;
const newUser = () => `user_${(users += 1)}`;

async function uploaded(bytes: Uint8Array): Promise<string> {
  const file = { bytes: new Uint8Array(bytes), name: 'webcam.webm' };
  const body = await form({ file, examId, userId: newUser(), type: 'webcam' });
  const response = await server.rest('/recordings', { method: 'POST', body });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return (JSON.parse(text) as RestRecording).id;
}

async function sentLive(chunks: readonly Buffer[]): Promise<string> {
  const { id } = await startLive(server, { examId, userId: newUser() });
  await sendChunks(server, id, chunks);
  await finishLive(server, id);
  return id;
}

/** Both halves were looked at: the room in the first, or the candidate; and a browser can play the whole. */
async function expectBoth(id: string, seconds: number, [first, second] = ['no_face', 'face_present']): Promise<RestRecording> {
  const recording = await analysed(server, id);
  expect(recording, JSON.stringify(recording)).toMatchObject({ status: 'processed' });
  expect(Math.abs(recording.duration - seconds)).toBeLessThan(0.4);
  expect(recording.analysis?.faceDetection?.facePresent).toBeCloseTo(0.5, 1);
  const query = `query ($id: ID!) { recording(id: $id) { analysis { segments { type startSeconds } } } }`;
  const { recording: seen } = await server
    .graphql()
    .request<{ recording: { analysis: { segments: { type: string; startSeconds: number }[] } } }>(query, { id });
  const at = (type: string) => seen.analysis.segments.find((segment) => segment.type === type)?.startSeconds ?? -1;
  expect(at(first ?? '')).toBeCloseTo(0, 0);
  expect(Math.abs(at(second ?? '') - seconds / 2)).toBeLessThan(1.1);
  const response = await server.rest(`/recordings/${id}/playback`);
  const format = response.headers.get('content-type') === 'video/mp4' ? 'mp4' : 'webm';
  const path = join(tempDir(), `played.${format}`);
  await writeFile(path, Buffer.from(await response.arrayBuffer()));
  const played = await ffmpeg.probe(path, format);
  expect(Math.abs(played.duration - seconds)).toBeLessThan(0.4);
  expect(played.turnsBack).toBe(false);
  return recording;
}

const TWO = /2 recordings, one after the other, analysed and shown as one/;
const TURNED = /Time goes back within it/;

describe('a file that holds two recordings, one after the other', () => {
  it('is analysed and played to its end, the note says so, and the download is what was received', async () => {
    const file = Buffer.concat([nobody, face]);
    const id = await uploaded(file);
    const recording = await expectBoth(id, 8);
    expect(recording['note']).toMatch(TWO);
    expect(String(recording['note']).match(TWO)).toHaveLength(1);
    const download = Buffer.from(await (await server.rest(`/recordings/${id}/download`)).arrayBuffer());
    expect(download.equals(file)).toBe(true);
  });

  it('is analysed to its end also as base64 in a submission, and by tus', async () => {
    const file = Buffer.concat([nobody, face]);
    const submitted = await server.post(`/exams/${examId}/submit`, {
      userId: newUser(),
      stats: {},
      webcam: { data: file.toString('base64') },
    });
    expect(submitted.status).toBe(200);
    const { recordings } = (await submitted.json()) as { recordings: { id: string }[] };
    expect((await expectBoth(recordings[0]?.id ?? '', 8))['note']).toMatch(TWO);

    const metadata = Object.entries({ examId, userId: newUser(), type: 'webcam' });
    const begun = await fetch(`${server.api}/uploads`, {
      method: 'POST',
      headers: {
        ...tusHeaders(),
        'upload-length': String(file.length),
        'upload-metadata': metadata.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(','),
      },
    });
    const done = await patch(server, new URL(begun.headers.get('location') ?? '', `${server.api}/uploads`).pathname, 0, file);
    expect((await expectBoth(done.headers.get('x-recording-id') ?? '', 8))['note']).toMatch(TWO);
  });

  it('is analysed to its end as MP4, also without a second header, and if the two are of different kinds', async () => {
    const header = faceMp4.readUInt32BE(0);
    for (const file of [
      [nobodyMp4, faceMp4],
      [nobodyMp4, faceMp4.subarray(header)],
      [nobody, faceMp4],
      [nobodyMp4, face],
    ]) {
      expect((await expectBoth(await uploaded(Buffer.concat(file)), 8))['note']).toMatch(TWO);
    }
  });

  it('is used without its parts that hold no pictures, and the note says which', async () => {
    const empty = nobody.subarray(0, nobody.indexOf(Buffer.from('1f43b675', 'hex')));
    const recording = await expectBoth(await uploaded(Buffer.concat([nobody, empty, face])), 8);
    expect(recording['note']).toContain(`Left out, bytes ${nobody.length} to ${nobody.length + empty.length} of the file: `);
  });

  it('more than 200 times over is refused with that reason', async () => {
    const tiny = await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=32x32:rate=1:duration=1', '-c:v', 'libvpx', '-f', 'webm', 'pipe:1');
    const bytes = new Uint8Array(Buffer.concat(Array.from({ length: 201 }, () => tiny)));
    const body = await form({ file: { bytes }, examId, userId: newUser(), type: 'webcam' });
    const response = await server.rest('/recordings', { method: 'POST', body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('more than 200 recordings')]);
  });

  it.skipIf(!caseFile('media/m2/concat_nobody_then_face.webm'))('is analysed to its end as it came from the field', async () => {
    const file = await readFile(caseFile('media/m2/concat_nobody_then_face.webm') ?? '');
    expect((await expectBoth(await uploaded(file), 12))['note']).toMatch(TWO);
  });
});

describe('a recording whose time goes back', () => {
  it('because the clock was set back is analysed and played to its end, and the note says so', async () => {
    const { head, clusters } = clustersOf(nobody);
    const file = Buffer.concat([head, ...clusters, ...clustersOf(face).clusters]);
    expect((await expectBoth(await uploaded(file), 8))['note']).toMatch(TURNED);
    const again = fragmentsOf(faceMp4);
    expect(
      (
        await expectBoth(
          await uploaded(Buffer.concat([fragmentsOf(nobodyMp4).head, ...fragmentsOf(nobodyMp4).fragments, ...again.fragments])),
          8,
        )
      )['note'],
    ).toMatch(TURNED);
  });

  it('because its parts are in another order is analysed and played whole, in the order in which they came', async () => {
    const both = join(tempDir(), 'both.webm');
    await film(both, [
      { picture: pictures.noFace, seconds: 4 },
      { picture: pictures.oneFace, seconds: 4 },
    ]);
    const cutAt4 = ['-c', 'copy', '-f', 'webm', '-cluster_time_limit', '4000', 'pipe:1'];
    const keyed = await makeMedia('-i', both, ...VP8, '-g', '20', '-f', 'matroska', 'pipe:1');
    const path = join(tempDir(), 'keyed.mkv');
    await writeFile(path, keyed);
    const { head, clusters } = clustersOf(await makeMedia('-i', path, ...cutAt4));
    expect(clusters.length).toBeGreaterThan(1);
    const half = Math.ceil(clusters.length / 2);
    const file = Buffer.concat([head, ...clusters.slice(half), ...clusters.slice(0, half)]);
    expect((await expectBoth(await uploaded(file), 8, ['face_present', 'no_face']))['note']).toMatch(TURNED);
  });

  it('while it was sent live is analysed to its end too', async () => {
    const { head, clusters } = clustersOf(nobody);
    const id = await sentLive(cut(Buffer.concat([head, ...clusters, ...clustersOf(face).clusters]), 5));
    expect((await expectBoth(id, 8))['note']).toMatch(TURNED);
  });
});

describe('a recorder that restarted within a chunk', () => {
  it.each<[string, () => Buffer[]]>([
    [
      'in the middle of others',
      () => {
        const [a = nobody, b = nobody] = cut(nobody, 2);
        const [c = face, d = face] = cut(face, 2);
        return [a, Buffer.concat([b, c]), d];
      },
    ],
    ['and with its header cut in two', () => [Buffer.concat([nobody, face.subarray(0, 2)]), face.subarray(2, 4), face.subarray(4)]],
    ['that is the only one', () => [Buffer.concat([nobody, face])]],
    ['of MP4', () => [Buffer.concat([nobodyMp4, faceMp4.subarray(0, 900)]), faceMp4.subarray(900)]],
  ])('%s loses nothing', async (_where, make) => {
    const recording = await expectBoth(await sentLive(make()), 8);
    expect(recording['note']).toMatch(TWO);
    await server.idle();
    expect((await server.storedFiles()).filter((name) => name.includes(recording.id))).toHaveLength(1);
  });
});
