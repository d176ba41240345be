// The same comparison as a program with @vladmandic/face-api on tfjs-wasm: each photo is decoded, its face found, aligned and
// described, and the two are compared.
// node bench/peers/verify-faceapi.mjs FIRST SECOND PAIRS
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const MODULES = new URL('../../node_modules/', import.meta.url);
// Its wasm build requires all of tfjs, but only needs these parts.
const tf = { ...require('@tensorflow/tfjs-core'), ...require('@tensorflow/tfjs-converter') };
// Adds the tensor methods that tfjs adds to its core.
for (const [name, op] of Object.entries(tf)) {
  if (typeof op !== 'function' || name in tf.Tensor.prototype) continue;
  tf.Tensor.prototype[name] = function chained(...args) {
    return op(this, ...args);
  };
}
for (const rank of [1, 2, 3, 4]) {
  tf.Tensor.prototype[`as${rank}D`] = function reshaped(...shape) {
    return tf.reshape(this, rank === 1 ? [this.size] : shape);
  };
}
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(fileURLToPath(new URL('@tensorflow/tfjs-backend-wasm/dist/', MODULES)));
const bundle = require.resolve('@vladmandic/face-api/dist/face-api.node-wasm.js');
const loaded = { exports: {} };
const ownRequire = (name) => (name === '@tensorflow/tfjs' ? tf : require(name));
compileFunction(await readFile(bundle, 'utf8'), ['module', 'exports', 'require'])(loaded, loaded.exports, ownRequire);
const faceapi = loaded.exports;

sharp.concurrency(1);
const [first, second, pairs] = process.argv.slice(2);
await faceapi.tf.setBackend('wasm');
await faceapi.tf.ready();
const models = fileURLToPath(new URL('@vladmandic/face-api/model', MODULES));
for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet']) await faceapi.nets[net].loadFromDisk(models);

async function describe(path) {
  const { data, info } = await sharp(await readFile(path))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const image = faceapi.tf.tensor3d(new Uint8Array(data), [info.height, info.width, 3], 'int32');
  const found = await faceapi.detectSingleFace(image, new faceapi.SsdMobilenetv1Options()).withFaceLandmarks().withFaceDescriptor();
  image.dispose();
  if (!found) throw new Error(`no face in ${path}`);
  return found.descriptor;
}

const compare = async () => faceapi.euclideanDistance(await describe(first), await describe(second));
await compare();
const before = process.cpuUsage();
const start = performance.now();
let distance = 0;
for (let pair = 0; pair < Number(pairs); pair += 1) distance = await compare();
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ distance, cpuMs: (user + system) / 1_000, seconds })}\n`);
