import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ffmpeg } from './lib/media.mjs';
import { check } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const CLI = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
const HUMAN = fileURLToPath(new URL('peers/analysis-human.mjs', import.meta.url));
/** A minute of a webcam, VP8 and Opus at 640 × 480, with faces, phones and speech. */
const MINUTE = fileURLToPath(new URL('../../shared/data/video/synthetic_60s.webm', import.meta.url));
const MINUTES = 10;
/** Of the peer's work: it takes as long for each frame. */
const PEER_SECONDS = 60;

/** Runs a program on so many cores. @returns the seconds that it took */
function timed(cores, args) {
  const start = performance.now();
  const child = spawn('taskset', ['-c', cores, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve((performance.now() - start) / 1_000) : reject(new Error(`${args[0]} ended with ${code}`)),
    );
  });
}

export const analysis = {
  name: 'analysis',
  title: 'Analysis of ten minutes of a webcam, 640 × 480 with sound, a frame a second: × real time, start of the program included',
  async run({ quick, rounds = quick ? 1 : 3, say }) {
    if (!existsSync(MINUTE)) throw new Error(`needs ${MINUTE}`);
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    try {
      const loop = ['-stream_loop', String((quick ? 1 : MINUTES) - 1), '-i', MINUTE];
      const files = { VP8: join(folder, 'vp8.webm'), VP9: join(folder, 'vp9.webm'), 'H.264': join(folder, 'h264.mp4') };
      await ffmpeg(...loop, '-c', 'copy', files.VP8);
      await ffmpeg(...loop, '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k', '-c:a', 'copy', files.VP9);
      await ffmpeg(...loop, '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', files['H.264']);
      const seconds = (quick ? 1 : MINUTES) * 60;
      const all = `0-${availableParallelism() - 1}`;
      const ours = (cores, codec) => ({ run: () => timed(cores, [CLI, 'analyze', '--json', files[codec]]), seconds });
      const contenders = [
        ...Object.keys(files).flatMap((codec) => [
          { name: `invigil ${codec}, 1 core`, ...ours('0', codec) },
          { name: `invigil ${codec}, ${availableParallelism()} cores`, ...ours(all, codec) },
        ]),
        // Without sound, which it has no detector for.
        { name: 'human on tfjs-wasm, 1 core', run: () => timed('0', [HUMAN, files.VP8, String(PEER_SECONDS)]), seconds: PEER_SECONDS },
      ];
      const measure = async ({ run, seconds }) => ({ '× real time': seconds / (await run()) });
      const figures = await interleave({ rounds, contenders, measure, say });
      const pace = (name) => figures[name]['× real time'].median;
      const slowest = (cores) => Math.min(...Object.keys(files).map((codec) => pace(`invigil ${codec}, ${cores}`)));
      return {
        figures,
        checks: [
          check('slowest codec on 1 core', slowest('1 core'), { atLeast: 20, unit: '×' }),
          check(`slowest codec on ${availableParallelism()} cores`, slowest(`${availableParallelism()} cores`), { atLeast: 35, unit: '×' }),
          check('1 core × human on tfjs-wasm', pace('invigil VP8, 1 core') / pace('human on tfjs-wasm, 1 core'), { atLeast: 4 }),
        ],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
