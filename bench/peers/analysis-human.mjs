// The same pipeline as a program with @vladmandic/human on tfjs-wasm: ffmpeg outputs one frame per second, human analyses each.
// node bench/peers/analysis-human.mjs FILE SECONDS
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const HUMAN = new URL('../../node_modules/@vladmandic/human/', import.meta.url);
const WASM = new URL('../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url);
// It fetches its models, but Node's fetch does not support files.
const webFetch = globalThis.fetch;
globalThis.fetch = async (url, init) =>
  String(url).startsWith('file:') ? new Response(await readFile(new URL(url))) : webFetch(url, init);

const [WIDTH, HEIGHT] = [640, 480];
const [file, seconds] = process.argv.slice(2);

const { default: Human } = await import(new URL('dist/human.node-wasm.js', HUMAN).href);
const human = new Human.Human({
  backend: 'wasm',
  wasmPath: fileURLToPath(WASM),
  modelBasePath: new URL('models/', HUMAN).href,
  cacheSensitivity: 0,
  filter: { enabled: false },
  // The same detections as ours: faces with mesh and irises, and phones.
  face: {
    enabled: true,
    detector: { maxDetected: 10 },
    mesh: { enabled: true },
    iris: { enabled: true },
    description: { enabled: false },
    emotion: { enabled: false },
  },
  object: { enabled: true },
  body: { enabled: false },
  hand: { enabled: false },
  gesture: { enabled: false },
});
await human.load();

const args = [
  '-loglevel',
  'error',
  '-t',
  seconds,
  '-i',
  file,
  '-vf',
  `fps=1,scale=${WIDTH}:${HEIGHT}`,
  '-pix_fmt',
  'rgb24',
  '-f',
  'rawvideo',
  'pipe:1',
];
const { stdout } = spawn('ffmpeg', args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
const frameBytes = WIDTH * HEIGHT * 3;
let pending = Buffer.alloc(0);
let frames = 0;
let faces = 0;
for await (const chunk of stdout) {
  pending = Buffer.concat([pending, chunk]);
  for (; pending.length >= frameBytes; pending = pending.subarray(frameBytes)) {
    const tensor = human.tf.tensor(new Uint8Array(pending.subarray(0, frameBytes)), [1, HEIGHT, WIDTH, 3], 'float32');
    const result = await human.detect(tensor);
    tensor.dispose();
    frames += 1;
    faces += result.face.length;
  }
}
process.stdout.write(`${JSON.stringify({ frames, faces })}\n`);
