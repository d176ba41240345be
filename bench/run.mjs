// Runs the benchmarks and their peers: npm run bench [-- name… --quick --rounds n]. See README.md in this folder.
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { analysis } from './analysis.mjs';
import { atOnce } from './at-once.mjs';
import { base64 } from './base64.mjs';
import { busy } from './busy.mjs';
import { firstPaint } from './console.mjs';
import { download } from './download.mjs';
import { fanOut } from './fan-out.mjs';
import { herd } from './herd.mjs';
import { ingest } from './ingest.mjs';
import { joins } from './joins.mjs';
import { latency } from './latency.mjs';
import { machineFacts } from './lib/machine.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { print } from './lib/report.mjs';
import { memory } from './memory.mjs';
import { reads } from './reads.mjs';
import { snapshots } from './snapshots.mjs';
import { together } from './together.mjs';
import { upload } from './upload.mjs';
import { verify } from './verify.mjs';
import { webConsole } from './web-console.mjs';
import { webMemory } from './web-memory.mjs';
import { web } from './web.mjs';

const BENCHMARKS = [
  fanOut,
  latency,
  memory,
  ingest,
  together,
  reads,
  upload,
  base64,
  download,
  analysis,
  verify,
  snapshots,
  busy,
  atOnce,
  herd,
  joins,
  firstPaint,
  web,
  webConsole,
  webMemory,
];
const RESULTS = new URL('results/', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  process.stderr.write(`No benchmark ${unknown.join(', ')}: there are ${BENCHMARKS.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const say = (line) => process.stderr.write(`${line}\n`);

async function runOne(benchmark, postgres) {
  say(`\n${benchmark.title}`);
  const options = { postgres, quick: values.quick, say, ...(values.rounds && { rounds: Number(values.rounds) }) };
  const machine = await machineFacts(postgres);
  const start = performance.now();
  const { figures, checks } = await benchmark.run(options);
  const seconds = Math.round((performance.now() - start) / 1_000);
  const result = { name: benchmark.name, title: benchmark.title, quick: values.quick, seconds, machine, checks, figures };
  await writeFile(new URL(`${benchmark.name}${values.quick ? '.quick' : ''}.json`, RESULTS), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Null if it failed; the others still run. */
const attempt = (benchmark, postgres) =>
  runOne(benchmark, postgres).catch((error) => {
    say(`${benchmark.name} failed: ${error.stack}`);
    process.exitCode = 1;
    return null;
  });

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) process.once(signal, () => process.exit(code));
await mkdir(RESULTS, { recursive: true });
const postgres = await startPostgres();
const results = [];
try {
  for (const benchmark of chosen) results.push(await attempt(benchmark, postgres));
} finally {
  await postgres.stop();
}
for (const result of results.filter(Boolean)) process.stdout.write(print(result));
