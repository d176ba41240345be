import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInvigil } from './lib/invigil.mjs';
import { paddedVideo, send } from './lib/media.mjs';
import { startPeer } from './lib/peer.mjs';
import { cpuSeconds, residentBytes, watchPeak } from './lib/process-stats.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const MB = 1024 * 1024;
const MONITOR = { NODE_OPTIONS: `--import ${new URL('lib/loop-delay.mjs', import.meta.url).href}` };

export const base64 = {
  name: 'base64',
  title: 'A video of 100 MB in base64 JSON: CPU of the server, memory above idle, the longest block of its event loop',
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const servers = [];
    const own = (server) => (servers.push(server), server);
    try {
      const video = await paddedVideo(folder, (quick ? 16 : 100) * MB);
      const rest = { userId: 'user_1', stats: { duration: 60 }, warnings: [] };
      const body = Buffer.from(
        JSON.stringify({ ...rest, webcam: { filename: 'webcam.mp4', mimeType: 'video/mp4', data: video.toString('base64') } }),
      );
      const invigil = own(await startInvigil({ postgres, settings: { INLINE_WORKER: 'false', ...MONITOR } }));
      const peer = async (name) => own(await startPeer(`base64-${name}`, { DATA_DIR: folder, ...MONITOR }));
      const contenders = [
        { name: 'invigil', server: invigil },
        { name: 'JSON.parse', server: await peer('json-parse') },
        { name: 'stream-json', server: await peer('stream-json') },
      ];
      const exams = [];
      for (let at = 0; at <= rounds; at += 1) exams.push(await invigil.createExam());
      const submit = async ({ server }) => {
        const path = server === invigil ? `/api/exams/${exams.pop()}/submit` : '/';
        await send({ port: server.port, token: server.token, path, chunks: [body], type: 'application/json' });
      };
      const idle = {};
      for (const contender of contenders) {
        idle[contender.name] = residentBytes(contender.server.pid);
        await submit(contender);
      }
      const measure = async (contender) => {
        const { name, server } = contender;
        server.node.child.send('reset');
        const stopWatching = watchPeak(server.pid);
        const cpu = cpuSeconds(server.pid);
        await submit(contender);
        const used = cpuSeconds(server.pid) - cpu;
        const peak = stopWatching();
        const told = server.node.first(server.node.child, 'message', ({ loopDelayMs }) => loopDelayMs);
        server.node.child.send('tell');
        return { 'CPU s': used, 'MB above idle': (peak - idle[name]) / MB, 'loop delay ms': await told };
      };
      const figures = await interleave({ rounds, contenders, measure, say });
      return {
        figures,
        checks: [
          check('per CPU second × JSON.parse', ratio(figures, 'JSON.parse', 'invigil', 'CPU s'), { atLeast: 3 }),
          check('memory above idle × JSON.parse', ratio(figures, 'invigil', 'JSON.parse', 'MB above idle'), { atMost: 0.15 }),
          check('longest block of the event loop', figures.invigil['loop delay ms'].median, { atMost: 15, unit: ' ms' }),
        ],
      };
    } finally {
      for (const server of servers) await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
