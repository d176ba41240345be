// Measures the time from start to the first analysed frame, and the memory of a process with one thread.
// node bench/lib/vision-boot.mjs
import { createLocalVision } from '#built/adapters/vision/local/vision-local.js';

const start = performance.now();
const vision = createLocalVision({ workers: 1 });
const [width, height] = [640, 480];
await vision.observe({ data: new Uint8Array(width * height * 3).fill(90), width, height }, { phones: true });
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - start) / 1_000 })}\n`);
await vision.dispose();
