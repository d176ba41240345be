import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askJson, openConnection, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { ffmpeg, multipart, paddedVideo, send } from './lib/media.mjs';
import { residentBytes, watchPeak } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { percentile } from './lib/stats.mjs';

const MB = 1024 * 1024;
const UPLOADS = 20;
const ANALYSES = 2;
const PAUSE_MS = 10;
const MINUTE = fileURLToPath(new URL('../../shared/data/video/synthetic_60s.webm', import.meta.url));

export const busy = {
  name: 'busy',
  title: '20 uploads of 100 MB at once while 2 analyses run: committed uploads, memory, and GET of an exam meanwhile',
  async run({ postgres, quick, say }) {
    if (!existsSync(MINUTE)) throw new Error(`needs ${MINUTE}`);
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const invigil = await startInvigil({ postgres, settings: { WORKER_CONCURRENCY: String(ANALYSES) } });
    try {
      const video = await paddedVideo(folder, (quick ? 10 : 100) * MB);
      const long = join(folder, 'long.webm');
      await ffmpeg('-stream_loop', '19', '-i', MINUTE, '-c', 'copy', long);
      const watched = await readFile(long);
      const { port, token } = invigil;
      const examId = await invigil.createExam();
      const upload = (userId, bytes) =>
        send({ port, token, path: '/api/recordings', ...multipart({ examId, userId, type: 'webcam' }, 'file', bytes) });
      const connection = await openConnection(port);
      const read = (id) => askJson(connection, requestBytes({ path: `/api/recordings/${id}`, token }));
      const analyses = [];
      for (let at = 0; at < ANALYSES; at += 1) analyses.push(await upload(`watched_${at}`, watched));
      for (const { id } of analyses) while ((await read(id)).status !== 'processing') await delay(50);
      await delay(5_000); // until the models are loaded and the first frames analysed
      const idle = residentBytes(invigil.pid);
      const stopWatching = watchPeak(invigil.pid);
      const latencies = [];
      let sending = true;
      const asking = (async () => {
        while (sending) {
          const start = performance.now();
          await askJson(connection, requestBytes({ path: `/api/exams/${examId}`, token }));
          latencies.push(performance.now() - start);
          await delay(PAUSE_MS);
        }
      })();
      const start = performance.now();
      const stored = await Promise.all(Array.from({ length: UPLOADS }, (_, at) => upload(`user_${at}`, video)));
      const seconds = (performance.now() - start) / 1_000;
      sending = false;
      await asking;
      const grown = (stopWatching() - idle) / MB;
      const states = await Promise.all(
        analyses.map(
          async ({ id }) => (await askJson(await openConnection(port), requestBytes({ path: `/api/recordings/${id}`, token }))).status,
        ),
      );
      say(`${Math.round((UPLOADS * video.length) / MB / seconds)} MB/s, analyses ${states.join(', ')}, ${latencies.length} reads`);
      connection.close();
      const committed = stored.filter(({ size }) => size === video.length).length;
      const p99 = percentile(latencies, 0.99);
      const figure = (value) => ({ median: value, values: [value] });
      return {
        figures: {
          invigil: { committed: figure(committed), 'MB above idle': figure(grown), 'p99 ms': figure(p99), seconds: figure(seconds) },
        },
        checks: [
          check('committed', committed, { atLeast: UPLOADS }),
          check('memory above that of the analyses alone', grown, { atMost: 100, unit: ' MB' }),
          check('GET of an exam meanwhile, p99', p99, { atMost: 100, unit: ' ms' }),
        ],
      };
    } finally {
      await invigil.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
