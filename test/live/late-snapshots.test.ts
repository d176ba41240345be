import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Track } from '../../src/services/snapshots/track.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { photographs, seat, show, unhurried } from '../helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(unhurried);
});
afterAll(() => server.stop());

interface Remembered {
  memories: { scene: { began: number } };
  tracks: Record<string, Pick<Track, 'since' | 'last' | 'contrary' | 'recent'>>;
}

/** So long ago each picture was taken, in milliseconds: as long as a busy machine may need to send it. */
const AGO_MS = 10_000;

/**
 * Moves all that the server remembers of a camera into the past, as if its last picture had been taken so many seconds before the next
 * one. @returns when that is taken, in milliseconds since 1970
 */
async function moveOn(examId: string, seconds: number): Promise<number> {
  const next = Date.now() - AGO_MS;
  const [row] = await runSql<{ state: Remembered; frameAt: Date }>(server, `SELECT state, "frameAt" FROM "LiveWatch" WHERE "examId" = $1`, [
    examId,
  ]);
  if (!row) return next;
  const ms = row.frameAt.getTime() - (next - seconds * 1_000);
  const { memories, tracks } = row.state;
  memories.scene.began -= ms;
  for (const track of Object.values(tracks)) {
    track.since -= ms;
    track.last -= ms;
    if (track.contrary !== null) track.contrary -= ms;
    track.recent = track.recent?.map(([at, lasts, score]) => [at - ms, lasts, score] as const) ?? null;
  }
  const update = `UPDATE "LiveWatch" SET version = version + 1, "frameAt" = $2, state = $3 WHERE "examId" = $1`;
  await runSql(server, update, [examId, new Date(next - seconds * 1_000), row.state]);
  return next;
}

/** Shows a candidate's picture, always the same, at these seconds. @returns the types of all warnings */
async function watched(seconds: readonly number[]): Promise<string[]> {
  const { exam, token } = await seat(server);
  let last = 0;
  for (const second of seconds) {
    const lapse = second - last;
    last = second;
    const takenAt = new Date(await moveOn(exam.id, lapse)).toISOString();
    await show(server, exam.id, token, photographs.oneFace, { takenAt });
  }
  const { warnings } = (await (await server.rest(`/exams/${exam.id}/warnings`)).json()) as { warnings: { type: string }[] };
  return warnings.map(({ type }) => type);
}

const every = (step: number, from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);

describe('a camera whose pictures are late', () => {
  it('because the machine is busy is not called frozen, whether they come bunched or far apart', async () => {
    expect(await watched([0, 1, 2, 24, 24.5, 25, 25.5, 26, 26.5, 27, 27.5])).toEqual([]);
    expect(await watched(every(6, 0, 60))).toEqual([]);
    expect(await watched(every(4, 0, 28))).toEqual([]);
  });

  it('is called frozen once enough of them came in a row', async () => {
    expect(await watched(every(2, 0, 26))).toEqual(['camera_frozen']);
    expect(await watched(every(12, 0, 12 * 11))).toEqual(['camera_frozen']);
  });

  it('does not make a face count as one that never moves', async () => {
    const bunched = [...every(60, 0, 180), ...every(1, 181, 186)];
    expect(await watched(bunched)).toEqual(['evidence_gap']);
  });
});
