import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInvigil } from './lib/invigil.mjs';
import { multipart, paddedVideo, send } from './lib/media.mjs';
import { startPeer } from './lib/peer.mjs';
import { cpuSeconds } from './lib/process-stats.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const MB = 1024 * 1024;
const RANGE_BYTES = 16 * MB;
const CONNECTIONS = 4;
const FILE_BYTES = 256 * MB;

const readRange = (agent, { port, path, token }, start) =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, range: `bytes=${start}-${start + RANGE_BYTES - 1}` };
    get({ host: '127.0.0.1', port, path, headers, agent }, (res) => {
      if (res.statusCode !== 206) reject(new Error(`${path} answered ${res.statusCode}`));
      res.on('end', resolve).on('error', reject).resume();
    }).on('error', reject);
  });

export const download = {
  name: 'download',
  title: 'Ranges of 16 MB of a stored recording: CPU of the server per GB',
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const servers = [];
    const own = (server) => (servers.push(server), server);
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    try {
      const video = await paddedVideo(folder, FILE_BYTES);
      const file = join(folder, 'video.mp4');
      await writeFile(file, video);
      const invigil = own(await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } }));
      const examId = await invigil.createExam();
      const fields = { examId, userId: 'user_1', type: 'webcam' };
      const { id } = await send({ port: invigil.port, token: invigil.token, path: '/api/recordings', ...multipart(fields, 'file', video) });
      const express = own(await startPeer('download-express', { FILE: file }));
      const contenders = [
        { name: 'invigil', server: invigil, path: `/api/recordings/${id}/download` },
        { name: 'express sendFile', server: express, path: '/download' },
      ];
      const ranges = Array.from({ length: quick ? 64 : 512 }, (_, at) => ((at * 7) % (FILE_BYTES / RANGE_BYTES)) * RANGE_BYTES);
      const measure = async ({ server, path }) => {
        const rest = ranges.values();
        const target = { port: server.port, token: server.token, path };
        const work = async () => {
          for (const start of rest) await readRange(agent, target, start);
        };
        const [cpu, start] = [cpuSeconds(server.pid), performance.now()];
        await Promise.all(Array.from({ length: CONNECTIONS }, work));
        const gigabytes = (ranges.length * RANGE_BYTES) / 1024 / MB;
        return {
          'CPU s a GB': (cpuSeconds(server.pid) - cpu) / gigabytes,
          'GB/s': gigabytes / ((performance.now() - start) / 1_000),
        };
      };
      const figures = await interleave({ rounds, contenders, measure, say });
      const times = ratio(figures, 'express sendFile', 'invigil', 'CPU s a GB');
      return { figures, checks: [check('per CPU second × express sendFile', times, { atLeast: 2 })] };
    } finally {
      agent.destroy();
      for (const server of servers) await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
