import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ffmpeg } from './lib/media.mjs';
import { childrenCpuSeconds, watchConfined, watchPeak } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLI = here('../dist/src/cli.js');
const HUMAN = here('peers/analysis-human.mjs');
const BOOT = here('lib/vision-boot.mjs');
/** One minute of a webcam, VP8 and Opus at 640 × 480, with faces, phones and speech. */
const MINUTE = here('../../shared/data/video/synthetic_60s.webm');
const MINUTES = 10;
/** Seconds of video for the peer, which takes the same time for each frame. */
const PEER_SECONDS = 60;
const MB = 1024 * 1024;
const PACE = '× real time';
const CPU = 'CPU ms a second';
const MEMORY = 'MB';

/** Runs a program on some cores. CPU time includes all processes it started, such as ffmpeg; memory is its own. */
async function run(cores, args) {
  const before = childrenCpuSeconds();
  const start = performance.now();
  const child = spawn('taskset', ['-c', cores, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = child.stdout.toArray();
  const [stopWatching, stopCounting] = [watchPeak(child.pid), watchConfined(child.pid)];
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const seconds = (performance.now() - start) / 1_000;
  const peak = stopWatching();
  const confined = stopCounting();
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return { seconds, cpu: childrenCpuSeconds() - before + confined, peak: peak / MB, output: Buffer.concat(await output).toString() };
}

async function analyse(cores, args, videoSeconds) {
  const { seconds, cpu, peak } = await run(cores, args);
  return { [PACE]: videoSeconds / seconds, [CPU]: (cpu * 1_000) / videoSeconds, [MEMORY]: peak };
}

/** Encoded once and repeated, because only decoding is measured. */
async function makeFiles(folder, minutes) {
  const kinds = {
    VP8: ['webm', '-c', 'copy'],
    VP9: ['webm', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k', '-c:a', 'copy'],
    'H.264': ['mp4', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  };
  const files = {};
  for (const [codec, [extension, ...options]] of Object.entries(kinds)) {
    const minute = join(folder, `minute-${codec}.${extension}`);
    await ffmpeg('-i', MINUTE, ...options, minute);
    files[codec] = join(folder, `${codec}.${extension}`);
    await ffmpeg('-stream_loop', String(minutes - 1), '-i', minute, '-c', 'copy', files[codec]);
  }
  return files;
}

export const analysis = {
  name: 'analysis',
  title: 'Analysis of ten minutes of a webcam, 640 × 480 with sound, one frame per second: × real time, including program start',
  async run({ quick, rounds = quick ? 1 : 2, say }) {
    if (!existsSync(MINUTE)) throw new Error(`needs ${MINUTE}`);
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    try {
      const minutes = quick ? 1 : MINUTES;
      const files = await makeFiles(folder, minutes);
      const cores = availableParallelism();
      const all = `${cores} cores`;
      const codecs = Object.keys(files);
      const ours = (taskset, codec) => () => analyse(taskset, [CLI, 'analyze', '--json', files[codec]], minutes * 60);
      const boot = async () => {
        const { output, peak } = await run('0', [BOOT]);
        return { 'boot s': JSON.parse(output).seconds, [MEMORY]: peak };
      };
      const contenders = [
        ...codecs.map((codec) => ({ name: `invigil ${codec}, 1 core`, measure: ours('0', codec) })),
        ...codecs.map((codec) => ({ name: `invigil ${codec}, ${all}`, measure: ours(`0-${cores - 1}`, codec) })),
        // Without sound, because it has no detector for it.
        { name: 'human on tfjs-wasm, 1 core', measure: () => analyse('0', [HUMAN, files.VP8, String(PEER_SECONDS)], PEER_SECONDS) },
        { name: 'models of one thread', measure: boot },
      ];
      const figures = await interleave({ rounds, contenders, measure: ({ measure }) => measure(), say });
      const of = (name, figure) => figures[name][figure].median;
      const worst = (pick, suffix, figure) => pick(...codecs.map((codec) => of(`invigil ${codec}, ${suffix}`, figure)));
      return {
        figures,
        checks: [
          check('slowest codec on 1 core', worst(Math.min, '1 core', PACE), { atLeast: 20, unit: '×' }),
          check('most expensive codec, CPU per second', worst(Math.max, '1 core', CPU), { atMost: 50, unit: ' ms' }),
          check(`slowest codec on ${all}`, worst(Math.min, all, PACE), { atLeast: 35, unit: '×' }),
          check('1 core × human on tfjs-wasm', of('invigil VP8, 1 core', PACE) / of('human on tfjs-wasm, 1 core', PACE), { atLeast: 4 }),
          check('the same in CPU time', of('human on tfjs-wasm, 1 core', CPU) / of('invigil VP8, 1 core', CPU), { atLeast: 4 }),
          check('memory with one thread', worst(Math.max, '1 core', MEMORY), { atMost: 400, unit: ' MB' }),
          check('models loaded and first frame analysed after', of('models of one thread', 'boot s'), { atMost: 1, unit: ' s' }),
        ],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
