// Checks the types of everything that the build does not compile.
//   node scripts/check-types.mjs
import { spawnSync } from 'node:child_process';
import { fromRoot } from './tools.mjs';

/** Workers of pages have other globals than pages, and the pages for staff have other words than the room. */
const PROJECTS = ['test', 'scripts', 'web', 'web/staff', 'web/room/worker', 'test/web/worker', 'test/web/review'].map((folder) =>
  fromRoot(`${folder}/tsconfig.json`),
);

for (const project of PROJECTS) {
  const { status } = spawnSync(process.execPath, [fromRoot('node_modules/typescript/bin/tsc'), '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
