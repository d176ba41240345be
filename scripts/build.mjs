// Compiles src and rest-compat to dist, and builds the pages in web to dist/web, each if they have changed since the last time:
// comparing takes 0.1 s, compiling 2 to 10 s, the pages 1 to 2 s.
//   node scripts/build.mjs
// Where the compiler is not installed, a program that was built before is used as it is.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { filesIn, fingerprintOf } from './files.mjs';
import { fromRoot, hasBuildTools, isBuilt } from './tools.mjs';

const FOLDERS = ['src', 'rest-compat'];
const STAMP = fromRoot('dist/.built');

/** Everything that the compiler reads. */
const fingerprint = () =>
  fingerprintOf([...FOLDERS.flatMap((folder) => filesIn(fromRoot(folder))), fromRoot('tsconfig.json'), fromRoot('package-lock.json')]);

const isCurrent = (print) => isBuilt() && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === print;

/** The compiler leaves what it made of files that are gone. */
function removeOrphans() {
  for (const folder of FOLDERS) {
    for (const path of filesIn(fromRoot(`dist/${folder}`))) {
      const source = path.replace(fromRoot('dist/'), fromRoot('')).replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(source)) rmSync(path);
    }
  }
}

function compile() {
  const print = fingerprint();
  if (isCurrent(print)) return;
  try {
    execFileSync(process.execPath, [fromRoot('node_modules/typescript/bin/tsc'), '-p', fromRoot('tsconfig.json')], { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
  removeOrphans();
  writeFileSync(STAMP, print);
}

if (hasBuildTools()) {
  compile();
  // Loaded only here: it needs packages that a server does not have.
  const { buildPages } = await import('./build-pages.mjs');
  await buildPages().catch((error) => {
    console.error(`The pages do not build: ${error.message}`);
    process.exit(1);
  });
} else if (!isBuilt()) {
  console.error('This clone is not built and has no compiler: run `npm ci`, or unpack what `npm run package` makes on another machine.');
  process.exit(1);
}
