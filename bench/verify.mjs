import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { runLoad } from './lib/load.mjs';
import { cpuSeconds } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const run = promisify(execFile);
const PEER = fileURLToPath(new URL('peers/verify-faceapi.mjs', import.meta.url));
/** A group picture from @vladmandic/face-api. */
const GROUP = fileURLToPath(new URL('../node_modules/@vladmandic/face-api/demo/sample3.jpg', import.meta.url));
const SIDE = 640;
const IMAGES = 2;
const AT_ONCE = 8;

/** One person twice, the second time mirrored, darker and more compressed. */
const photos = () =>
  Promise.all([
    sharp(GROUP).extract({ left: 430, top: 200, width: 560, height: 560 }).resize(SIDE).jpeg({ quality: 90 }).toBuffer(),
    sharp(GROUP)
      .extract({ left: 450, top: 180, width: 540, height: 540 })
      .flop()
      .linear(0.8, 5)
      .resize(SIDE)
      .jpeg({ quality: 80 })
      .toBuffer(),
  ]);

async function measureServer({ postgres, connections, seconds, next }) {
  const invigil = await startInvigil({ postgres });
  try {
    const marks = [];
    const { requests, perSecond, p99 } = await runLoad({
      port: invigil.port,
      connections,
      warmUpMs: 3_000,
      ms: seconds * 1_000,
      next: next(invigil.token),
      measured: () => marks.push(cpuSeconds(invigil.pid)),
    });
    return { 'CPU ms an image': ((marks[1] - marks[0]) * 1_000) / (requests * IMAGES), 'verifications/s': perSecond, 'p99 ms': p99 };
  } finally {
    await invigil.stop();
  }
}

async function measurePeer(paths, pairs) {
  const { stdout } = await run(process.execPath, [PEER, ...paths, String(pairs)]);
  const { cpuMs, seconds } = JSON.parse(stdout);
  return { 'CPU ms an image': cpuMs / (pairs * IMAGES), 'verifications/s': pairs / seconds };
}

export const verify = {
  name: 'verify',
  title: 'POST /api/verify/user with two photos of 640 × 640: CPU per image, verifications per second, latency',
  async run({ postgres, quick, rounds = quick ? 1 : 3, say }) {
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    try {
      const [first, second] = await photos();
      const paths = /** @type {const} */ ([join(folder, 'first.jpg'), join(folder, 'second.jpg')]);
      await Promise.all([writeFile(paths[0], first), writeFile(paths[1], second)]);
      const body = { userId: 'a_candidate', referenceImage: first.toString('base64'), verificationImage: second.toString('base64') };
      const next = (token) => {
        const bytes = requestBytes({ method: 'POST', path: '/api/verify/user', token, body });
        return () => bytes;
      };
      const seconds = quick ? 3 : 10;
      const ours = (connections) => () => measureServer({ postgres, connections, seconds, next });
      const contenders = [
        { name: 'invigil, 1 at a time', run: ours(1) },
        { name: `invigil, ${AT_ONCE} at once`, run: ours(AT_ONCE) },
        { name: 'face-api on tfjs-wasm, 1 at a time', run: () => measurePeer(paths, quick ? 2 : 10) },
      ];
      const figures = await interleave({ rounds, contenders, measure: ({ run }) => run(), say });
      const median = (name, figure) => figures[name][figure].median;
      const [one, many, peer] = contenders.map(({ name }) => name);
      return {
        figures,
        checks: [
          check('CPU per image', median(one, 'CPU ms an image'), { atMost: 60, unit: ' ms' }),
          check(`verifications per second, ${AT_ONCE} at once`, median(many, 'verifications/s'), { atLeast: 20 }),
          check(`p99, ${AT_ONCE} at once`, median(many, 'p99 ms'), { atMost: 250, unit: ' ms' }),
          check('× face-api on tfjs-wasm, CPU', median(peer, 'CPU ms an image') / median(one, 'CPU ms an image'), { atLeast: 4 }),
        ],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
