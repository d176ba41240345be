// Generates the Prisma client and the Pothos types without a download: `prisma generate` requires a schema engine that it
// does not use, so it is given the path of any existing file.
import { execFileSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

const fromRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
execFileSync(process.execPath, [fromRoot('node_modules/prisma/build/index.js'), 'generate', '--no-hints'], {
  cwd: fromRoot('.'),
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    PATH: fromRoot('node_modules/.bin') + delimiter + process.env.PATH,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
});
