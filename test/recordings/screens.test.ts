import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join as joinExam } from '../helpers/exam.ts';
import { ended, finishLive, putChunk, startLive } from '../helpers/live.ts';
import { makeMedia, passthrough, tempDir, VP8 } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '1' });
});
afterAll(() => server.stop());

const sql = <Row extends object>(statement: string, values: unknown[]) => runSql<Row>(server, statement, values);

type Sensitivity = 'low' | 'medium' | 'high';

/** A part of a film of a screen: a source of ffmpeg, and filters on it. */
interface Shot {
  source: string;
  seconds: number;
  filters?: string;
}

/** Somebody works: something changes all the time. */
const busy = (seconds: number): Shot => ({ source: 'testsrc', seconds });
const plain = (colour: string, seconds: number): Shot => ({ source: `color=${colour}`, seconds });
/** Short lines of light text on a dark ground, as an editor has them at night. */
const editor = (ground: string, seconds: number): Shot => ({
  source: `color=${ground}`,
  seconds,
  filters: [0, 1, 2, 3].map((line) => `drawbox=x=24:y=${30 + 24 * line}:w=${60 + 40 * line}:h=3:c=0xb0b0b0:t=fill`).join(','),
});

/** WebM of a screen, like that of a recorder: without pictures that are as the one before. */
async function filmed(shots: readonly Shot[]): Promise<Buffer> {
  const inputs = shots.flatMap(({ source, seconds }) => [
    '-f',
    'lavfi',
    '-i',
    `${source}${source.includes('=') ? ':' : '='}size=640x360:rate=5:duration=${seconds}`,
  ]);
  const parts = shots.map(({ filters }, index) => `[${index}]${filters ? `${filters},` : ''}format=yuv420p[s${index}]`);
  const joined = `${shots.map((_shot, index) => `[s${index}]`).join('')}concat=n=${shots.length},mpdecimate=max=0`;
  return makeMedia(...inputs, '-filter_complex', [...parts, joined].join(';'), ...passthrough, ...VP8, '-f', 'webm', 'pipe:1');
}

interface Told {
  /** Severity, type and details. */
  warnings: string[];
  /** Type, start and end in whole seconds, of all but pauses. */
  segments: string[];
}

async function tellRecording(id: string): Promise<Told> {
  const warnings = await sql<{ severity: string; type: string; details: string }>(
    `SELECT severity, type, details FROM "Warning" WHERE "recordingId" = $1 AND source = 'ANALYSIS' ORDER BY seq`,
    [id],
  );
  const segments = await sql<{ type: string; from: number; to: number }>(
    `SELECT type, round("startSeconds") AS from, round("endSeconds") AS to FROM "AnalysisSegment"
      WHERE "recordingId" = $1 AND type <> 'screen_idle' ORDER BY ordinal`,
    [id],
  );
  return {
    warnings: warnings.map(({ severity, type, details }) => `${severity} ${type}: ${details}`),
    segments: segments.map(({ type, from, to }) => `${type} ${from}-${to}`),
  };
}

async function tell(shots: readonly Shot[], sensitivity: Sensitivity = 'medium'): Promise<Told> {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { sensitivity } } });
  const path = join(tempDir(), 'screen.webm');
  await writeFile(path, await filmed(shots));
  const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'screen', path });
  expect(await analysed(server, id)).toMatchObject({ status: 'processed' });
  return tellRecording(id);
}

describe('a screen recording', () => {
  const sleeping = [busy(4), plain('black', 7), busy(4)];

  it('that is black for a while raises screen_black', async () => {
    expect(await tell(sleeping)).toEqual({
      warnings: ['HIGH screen_black: Black screen for 7 s'],
      segments: ['screen_black 4-11'],
    });
  });

  it('that is black for longer than the sensitivity allows raises it, for a shorter time not', async () => {
    expect((await tell(sleeping, 'low')).warnings).toEqual([]);
    expect((await tell(sleeping, 'high')).warnings).toHaveLength(1);
    expect((await tell([busy(4), plain('black', 14), busy(4)], 'low')).warnings).toHaveLength(1);
  });

  it('that is black for a moment only raises nothing', async () => {
    expect((await tell([busy(4), plain('black', 1.4), busy(4)], 'high')).warnings).toEqual([]);
  });

  it('with a blank page or one colour raises nothing, and says when it was blank', async () => {
    expect(await tell([busy(4), plain('white', 12), plain('blue', 12), busy(2)], 'high')).toEqual({
      warnings: [],
      segments: ['screen_blank 4-28'],
    });
    // The desktop of somebody who likes it dark.
    expect(await tell([busy(4), plain('0x1e1e1e', 12), busy(2)], 'high')).toEqual({ warnings: [], segments: ['screen_blank 4-16'] });
  });

  it('of a dark editor with a few lines of text is neither black nor blank', async () => {
    for (const ground of ['black', '0x1e1e1e']) {
      expect(await tell([busy(2), editor(ground, 20), busy(2)], 'high')).toEqual({ warnings: [], segments: [] });
    }
  });

  it('on which nothing changes for minutes raises nothing: somebody thinks', async () => {
    expect(await tell([busy(2), editor('white', 400), busy(2)], 'high')).toEqual({ warnings: [], segments: [] });
  });
});

describe('a live screen recording', () => {
  const STILL = 300;
  const film = [busy(10), editor('white', STILL), busy(10)];
  const SECONDS = STILL + 20;

  /** Records the film live, while the page reports such things at these seconds of it. */
  async function record(reports: readonly { type: string; at: number }[], { isTimed = true } = {}): Promise<Told> {
    const video = await filmed(film);
    const { id: examId } = await createExam(server, {});
    const userId = 'user_1';
    const token = await joinExam(server, examId, userId);
    const { id } = await startLive(server, { examId, userId, type: 'screen' }, token);
    await sql(`UPDATE "Recording" SET "createdAt" = "createdAt" - $2 * interval '1 s' WHERE id = $1`, [id, SECONDS + 5]);
    const began = Date.now() - (SECONDS + 2) * 1_000;
    const times = `?startedAt=${new Date(began).toISOString()}&durationMs=${SECONDS * 1_000}`;
    expect((await putChunk(server, id, isTimed ? `0${times}` : 0, video, token)).status).toBe(200);
    const warnings = reports.map(({ type, at }) => ({ type, timestamp: new Date(began + at * 1_000).toISOString() }));
    if (warnings.length > 0) {
      expect((await server.post(`/exams/${examId}/warnings`, { userId, warnings }, { credential: token })).status).toBe(200);
    }
    await finishLive(server, id, token);
    expect(await ended(server, id)).toMatchObject({ status: 'processed' });
    return tellRecording(id);
  }
  const all = (type: string, ...seconds: number[]) => seconds.map((at) => ({ type, at }));

  it('that shows no change while the page reports three is told as screen_frozen', async () => {
    const told = await record([...all('tab_switch', 100, 150), ...all('fullscreen_exit', 200)]);
    expect(told.warnings).toEqual([
      expect.stringMatching(
        /^MEDIUM screen_frozen: Screen recording unchanged for (4 min 59 s|5 min), in which the exam page reported 3 changes of the screen$/,
      ),
    ]);
  });

  it('that shows no change while nothing is reported raises nothing', async () => {
    expect((await record([])).warnings).toEqual([]);
  });

  it('is not called frozen by what need not be seen on it, by too little, or by what clocks may have moved', async () => {
    const told = await record([
      ...all('window_blur', 100, 120, 140, 160),
      ...all('copy_paste', 110, 130, 150, 170),
      ...all('tab_switch', 20, 30, 40, 180, 190, 270, 280, 290),
    ]);
    expect(told.warnings).toEqual([]);
  });

  it('of which nobody said when it was recorded is not called frozen', async () => {
    expect((await record(all('tab_switch', 100, 150, 200), { isTimed: false })).warnings).toEqual([]);
  });
});
