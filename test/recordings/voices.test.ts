import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { dataFile, film, makeMedia, pictures, speech, tempDir } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Voice {
  /** Filters of ffmpeg on 13 s of sound, of which 5 s are speech from its first second on. */
  filters: string;
  seconds: number;
}

/** The same word (1 s) at each of these seconds. */
function words(...at: number[]): Voice {
  const split = at.map((_second, index) => `[w${index}]`).join('');
  const placed = at.map((second, index) => `[w${index}]adelay=${second * 1_000}:all=1[p${index}]`);
  const mixed = `${at.map((_second, index) => `[p${index}]`).join('')}amix=inputs=${at.length}:normalize=0,apad=pad_dur=5`;
  return {
    filters: [`atrim=1.5:2.3,asetpts=PTS-STARTPTS,asplit=${at.length}${split}`, ...placed, mixed].join(';'),
    seconds: (at.at(-1) ?? 0) + 5,
  };
}

interface Options {
  /** Granted to the candidate. */
  suppress?: readonly string[];
  /** Input options of ffmpeg, in place of 5 s of speech. */
  source?: string[];
}

async function tell(context: TestContext, { filters, seconds }: Voice, { suppress = [], source }: Options = {}) {
  const dir = tempDir();
  const spoken = source ?? (await speech(dir, 0));
  if (!spoken) return context.skip('there is neither recorded nor synthetic speech');
  const sound = join(dir, 'sound.wav');
  await makeMedia(...spoken, '-filter_complex', filters, sound);
  const path = join(dir, 'webcam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds }], ['-i', sound]);
  const { id: examId } = await createExam(server);
  if (suppress.length > 0) {
    const granted = await server.rest(`/exams/${examId}/participants/user_1/accommodations`, {
      method: 'PUT',
      body: JSON.stringify({ suppress, reason: 'Reads aloud' }),
      headers: { 'content-type': 'application/json' },
      credential: ADMIN_KEY,
    });
    expect(granted.status).toBe(200);
  }
  const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
  expect(await analysed(server, id)).toMatchObject({ status: 'processed' });
  const rows = await runSql<{ severity: string; type: string; details: string }>(
    server,
    `SELECT severity, type, details FROM "Warning" WHERE "recordingId" = $1 AND type IN ('talking', 'short_utterances') ORDER BY seq`,
    [id],
  );
  return rows.map(({ severity, type, details }) => `${severity} ${type}: ${details}`);
}

describe('a voice', () => {
  const recorded = dataFile('audio/speech_noise_mix.ogg');
  // Synthetic voices are heard at any level.
  it.skipIf(!recorded)('30 dB below its usual level is told like one at the usual level', async (context) => {
    const source = ['-ss', '147', '-t', '10', '-i', recorded ?? ''];
    for (const level of [0, -30]) {
      const voice = { filters: `volume=${level}dB,apad=pad_dur=4`, seconds: 14 };
      expect(await tell(context, voice, { source }), `at ${level} dB`).toEqual([expect.stringMatching(/^MEDIUM talking: Talking for /)]);
    }
  });

  it('that says one word every ten seconds is told once, as a quiet hint', async (context) => {
    expect(await tell(context, words(3, 13, 23, 33, 43, 53))).toEqual([
      expect.stringMatching(/^LOW short_utterances: Short utterances again and again: 6 within 5[0-3] s$/),
    ]);
  });

  it('that says a word now and then is not told', async (context) => {
    expect(await tell(context, words(3, 23, 43, 63))).toEqual([]);
  });

  it('of somebody who may talk is not told, however short', async (context) => {
    expect(await tell(context, words(3, 13, 23, 33, 43, 53), { suppress: ['talking'] })).toEqual([]);
  });
});
