import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInvigil } from './lib/invigil.mjs';
import { multipart, paddedVideo, send } from './lib/media.mjs';
import { startPeer } from './lib/peer.mjs';
import { cpuSeconds, residentBytes, watchPeak } from './lib/process-stats.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const MB = 1024 * 1024;
const MUTATION = 'mutation ($file: File!) { upload(file: $file) { size sha256 } }';

export const upload = {
  name: 'upload',
  title: 'A recording of 256 MB to disk, hashed: CPU of the server and memory above idle',
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const stored = join(folder, 'stored');
    await mkdir(stored);
    const servers = [];
    const own = (server) => (servers.push(server), server);
    try {
      const video = await paddedVideo(folder, (quick ? 32 : 256) * MB);
      const settings = { INLINE_WORKER: 'false' };
      const invigil = own(await startInvigil({ postgres, settings }));
      const examId = await invigil.createExam();
      const peer = async (name) => own(await startPeer(`upload-${name}`, { DATA_DIR: stored }));
      const graphql = multipart(
        { operations: JSON.stringify({ query: MUTATION, variables: { file: null } }), map: '{"f":["variables.file"]}' },
        'f',
        video,
      );
      const contenders = [
        {
          name: 'invigil',
          server: invigil,
          path: '/api/recordings',
          body: multipart({ examId, userId: 'user_1', type: 'webcam' }, 'file', video),
        },
        { name: 'graphql-upload-minimal', server: await peer('graphql-upload-minimal'), path: '/graphql', body: graphql },
        { name: 'yoga', server: await peer('yoga'), path: '/graphql', body: graphql },
        { name: 'formidable', server: await peer('formidable'), path: '/', body: multipart({}, 'file', video) },
        { name: 'raw', server: await peer('raw'), path: '/', body: { chunks: [video], type: 'video/mp4' } },
      ];
      const idle = Object.fromEntries(contenders.map(({ name, server }) => [name, residentBytes(server.pid)]));
      for (const { server, path, body } of contenders) await send({ port: server.port, token: server.token, path, ...body });
      const measure = async ({ name, server, path, body }) => {
        const stopWatching = watchPeak(server.pid);
        const [cpu, start] = [cpuSeconds(server.pid), performance.now()];
        await send({ port: server.port, token: server.token, path, ...body });
        const figures = {
          'CPU s': cpuSeconds(server.pid) - cpu,
          'MB/s': video.length / MB / ((performance.now() - start) / 1_000),
          'MB above idle': (stopWatching() - (idle[name] ?? 0)) / MB,
        };
        // Neither the disk space nor the removal of stored files is measured.
        for (const files of [stored, join(invigil.dataDir, 'recordings', 'files')]) {
          for (const file of await readdir(files)) await rm(join(files, file));
        }
        return figures;
      };
      const figures = await interleave({ rounds, contenders, measure, say });
      const times = (theirs) => ratio(figures, theirs, 'invigil', 'CPU s');
      const peers = ['graphql-upload-minimal', 'yoga', 'formidable'];
      return {
        figures,
        checks: [
          check('per CPU second × the best peer', Math.min(...peers.map(times)), {
            atLeast: 1.3,
          }),
          check('per CPU second × raw', times('raw'), { atLeast: 0.7 }),
          check('peak above idle', Math.max(...figures.invigil['MB above idle'].values), { atMost: 100, unit: ' MB' }),
        ],
      };
    } finally {
      for (const server of servers) await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
