#!/usr/bin/env node
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { analyzeFiles } from './cli/analyze.ts';
import { evaluateReviews } from './cli/evaluate-reviews.ts';
import { evaluate } from './cli/evaluate.ts';
import { PROVIDERS } from './cli/open-vision.ts';
import { checkReceipt } from './cli/receipt.ts';
import { verifyImages } from './cli/verify.ts';
import { removeWorkDirs } from './cli/work-dir.ts';
import { loadConfig, loadEnvironment } from './config.ts';
import { StartupError } from './errors.ts';
import { HALVES } from './evaluation/labelled.ts';
import { version } from './version.ts';

const HELP = `Usage:
  invigil analyze [--json] [--screen] [--sensitivity low|medium|high] FILE…
      Analyses recordings (WebM, MP4): what was seen, when, and for what share of the time.
  invigil verify [--json] REFERENCE CANDIDATE
      Compares the faces in two pictures (JPEG, PNG, WebP).
  invigil receipt verify [--json] FILE --key FILE|--url URL
      Says what a receipt proves and whether it is genuine; docs/receipts.md explains it.
  invigil evaluate --data FOLDER [--out FOLDER] [--split judge|tune] [--provider local|google]
      Measures every detector and the verification on labelled data; docs/quality.md describes the folder.
  invigil evaluate --from-reviews [--json]
      Reads from the server's database how often people agreed with its warnings, by organisation and detector.

  --version, -v  prints the version
  --json         prints one line of JSON per recording, comparison or detector
  --screen       the recordings show a screen
  --sensitivity  sensitivity of the warnings; default: medium
  --data         folder of labelled data
  --out          folder for report.json and the plots; default: ./evaluation
  --from-reviews measures by people's decisions instead of labels; changes nothing, also while the server runs
  --split        what is measured where the labels have a column split; default: judge
  --key          public key of a server, as it is at /.well-known/invigil-receipt.json
  --url          address of a server from which that key is fetched
  --provider     what analyses pictures and clips; default: local. google receives and bills them

Nothing is kept. Nothing is sent anywhere except with --provider google; VISION_PROVIDER is ignored.
Exit codes: 0 done, 1 a file could not be read or a receipt is not genuine, 2 wrong usage. Settings such as FFMPEG_PATH, VISION_WORKERS, DATA_DIR and DATABASE_URL apply, also from ./.env.
`;
const SENSITIVITIES = ['LOW', 'MEDIUM', 'HIGH'] as const;

/** The command line is not valid. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = read(args);
  const [command, ...files] = positionals;
  if (values.help || command === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.version) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(stop, signal));
  const { json = false, screen = false } = values;
  const sensitivity = SENSITIVITIES.find((name) => name === (values.sensitivity ?? 'medium').toUpperCase());
  if (!sensitivity) throw new UsageError('--sensitivity must be low, medium or high');
  const config = loadConfig(loadEnvironment().env);
  if (command === 'analyze') {
    if (files.length === 0) throw new UsageError('analyze needs a recording');
    return analyzeFiles(files, { config, json, type: screen ? 'SCREEN' : 'WEBCAM', sensitivity, signal: stop.signal });
  }
  if (command === 'verify') {
    const [reference, candidate] = files;
    if (!reference || !candidate || files.length > 2) throw new UsageError('verify needs two pictures');
    return verifyImages(reference, candidate, { config, json });
  }
  if (command === 'receipt') {
    const [what, file] = files;
    if (what !== 'verify' || !file || files.length > 2) throw new UsageError('receipt verify needs one receipt');
    const { key, url } = values;
    if ((key === undefined) === (url === undefined)) throw new UsageError('receipt verify needs either --key or --url');
    return checkReceipt(file, key === undefined ? { url: url ?? '' } : { file: key }, { json });
  }
  if (command === 'evaluate') {
    const { data, out = 'evaluation' } = values;
    const provider = PROVIDERS.find((name) => name === (values.provider ?? 'local'));
    if (!provider) throw new UsageError('--provider must be local or google');
    if (values['from-reviews']) {
      if (data !== undefined || files.length > 0) throw new UsageError('evaluate takes either --from-reviews or --data');
      return evaluateReviews({ config, json });
    }
    const half = HALVES.find((name) => name === (values.split ?? 'judge'));
    if (!half) throw new UsageError('--split must be judge or tune');
    if (files.length > 0) throw new UsageError('evaluate takes its folder with --data');
    if (!data) throw new UsageError('evaluate needs a folder of labelled data: set one with --data; docs/quality.md says what is in it');
    if (!statSync(data, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(`There is no folder ${data}: set one with --data; docs/quality.md says what is in it`);
    return evaluate({ config, data, out, provider, half });
  }
  throw new UsageError(command ? `There is no command ${command}` : 'A command is missing');
}

/**
 * Ends as an interrupted program does, so that shells see it. Not by the ordinary way, which would wait for models that compute, up to
 * ten seconds.
 */
function interrupt(stop: AbortController, signal: NodeJS.Signals): void {
  stop.abort(new Error('stopped'));
  removeWorkDirs();
  process.kill(process.pid, signal);
}

function read(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        json: { type: 'boolean' },
        screen: { type: 'boolean' },
        sensitivity: { type: 'string' },
        data: { type: 'string' },
        out: { type: 'string' },
        split: { type: 'string' },
        'from-reviews': { type: 'boolean' },
        provider: { type: 'string' },
        key: { type: 'string' },
        url: { type: 'string' },
      },
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

// A reader such as `head` that has seen enough ends the output: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  if (!isUsage && !(error instanceof StartupError)) throw error;
  process.stderr.write(`${error.message}\n${isUsage ? `\n${HELP}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
