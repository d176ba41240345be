import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { expect } from 'vitest';
import { createExam, join, report } from '../../helpers/exam.ts';
import { cut, ended, finishLive, recorded, startLive } from '../../helpers/live.ts';
import { film, makeMedia, pictures, VP8 } from '../../helpers/media.ts';
import { eventually } from '../../helpers/patience.ts';
import { runSql } from '../../helpers/postgres.ts';
import type { TestServer } from '../../helpers/server.ts';

export interface Sitting {
  examId: string;
  /** The candidate's token, who is `ada`. */
  token: string;
  /** When the candidate's time began, in milliseconds since 1970. */
  begun: number;
  /** A console's address for a proctor of this name, at the review of a candidate. */
  consoleOf(name: string, userId?: string): Promise<string>;
}

const WEBCAM_SECONDS = 15;
const SCREEN_SECONDS = 20;

/** Sends a recording in chunks that say when each was recorded. @param from seconds after the time began */
async function send(
  server: TestServer,
  { examId, token, begun }: Pick<Sitting, 'examId' | 'token' | 'begun'>,
  type: string,
  bytes: Buffer,
  from: number,
  seconds: number,
) {
  const { id } = await startLive(server, { examId, userId: 'ada', type }, token);
  await runSql(server, `UPDATE "Recording" SET "createdAt" = $2 WHERE id = $1`, [id, new Date(begun + from * 1_000)]);
  const chunks = cut(bytes, seconds);
  for (const [index, chunk] of chunks.entries()) {
    const time = new URLSearchParams({ startedAt: new Date(begun + (from + index) * 1_000).toISOString(), durationMs: '1000' });
    const path = `/recordings/${id}/chunks/${index}?${time.toString()}`;
    await server.rest(path, { method: 'PUT', body: new Uint8Array(chunk), credential: token });
  }
  await finishLive(server, id, token);
  await ended(server, id);
  return id;
}

/**
 * A candidate who handed in: a camera that sees one face, none, and two; a screen that begins two seconds earlier, and once more a minute
 * later; three changes of the tab, a message, and another candidate of whom something was noted.
 */
export async function sit(server: TestServer, folder: string): Promise<Sitting> {
  const { id: examId } = await createExam(server, {
    title: 'Algebra',
    settings: { aiDetection: { sensitivity: 'high' }, candidateView: 'live' },
  });
  await server.post(`/exams/${examId}/participants`, {
    participants: [
      { userId: 'ada', name: 'Ada Lovelace', group: 'Room A' },
      { userId: 'ben', name: 'Ben <b>B.</b>' },
    ],
  });
  const token = await join(server, examId, 'ada');
  const [row] = await runSql<{ startedAt: Date }>(
    server,
    `UPDATE "Participant" SET "startedAt" = "startedAt" - interval '5 min' WHERE "examId" = $1 AND "userId" = 'ada' RETURNING "startedAt"`,
    [examId],
  );
  const begun = row?.startedAt.getTime() ?? 0;
  const seat = { examId, token, begun };
  const camera = joinPath(folder, 'camera.webm');
  const scene = (picture: (typeof pictures)['oneFace']) => ({ picture, seconds: WEBCAM_SECONDS / 3 });
  await film(
    camera,
    [scene(pictures.oneFace), scene(pictures.noFace), scene(pictures.severalFaces)],
    [...['-f', 'lavfi', '-i', `sine=frequency=330:sample_rate=48000:duration=${WEBCAM_SECONDS}`]],
  );
  const screen = await makeMedia(
    ...['-f', 'lavfi', '-i', `testsrc2=size=640x400:rate=10:duration=${SCREEN_SECONDS}`],
    ...VP8,
    ...['-g', '20', '-f', 'webm', '-live', '1', '-cluster_time_limit', '1000', 'pipe:1'],
  );
  await Promise.all([
    send(server, seat, 'webcam', await readFile(camera), 2, WEBCAM_SECONDS),
    send(server, seat, 'screen', screen, 0, SCREEN_SECONDS),
  ]);
  await send(server, seat, 'screen', await recorded(8, { sound: false }), 80, 8);
  const at = (seconds: number) => new Date(begun + seconds * 1_000).toISOString();
  const warnings = [5, 6, 84].map((seconds) => ({ type: 'tab_switch', timestamp: at(seconds), details: '<b>another</b> tab' }));
  await server.post(`/exams/${examId}/warnings`, { userId: 'ada', warnings }, { credential: token });
  await server.post(`/exams/${examId}/messages`, { userId: 'ada', text: 'مرحبا, please look at the screen' });
  await server.post(`/exams/${examId}/participants/ada/time`, { minutes: 5, reason: 'Fire alarm' });
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  const other = await join(server, examId, 'ben');
  await report(server, examId, 'ben', ['window_blur'], other);
  const unready = `SELECT 1 FROM "Recording" WHERE playback = 'waiting'`;
  await eventually(async () => expect(await runSql(server, unready)).toEqual([]));
  return {
    ...seat,
    async consoleOf(name, userId = 'ada') {
      const answer = await server.post(`/exams/${examId}/proctor-links`, { name });
      const { pathname, hash } = new URL(((await answer.json()) as { url: string }).url);
      return `${server.url}${pathname}?person=${userId}${hash}`;
    },
  };
}
