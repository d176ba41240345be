// What npm runs after an installation: generates the Prisma client, builds, converts the models, and removes what is never
// loaded here. Without the development packages (`npm ci --omit=dev`) nothing is built: dist comes from an earlier build.
import { execFileSync } from 'node:child_process';
import { fromRoot, hasBuildTools, isBuilt } from './tools.mjs';
import { trim, trimOptionalPeers } from './trim.mjs';

const run = (script) => execFileSync(process.execPath, [fromRoot(`scripts/${script}`)], { stdio: 'inherit' });

if (hasBuildTools()) for (const script of ['generate-client.mjs', 'build.mjs', 'convert-models.mjs']) run(script);
else {
  trimOptionalPeers(fromRoot('.'));
  if (!isBuilt())
    console.error(
      'Installed without the development packages, so nothing was built. Put the dist folder of a build beside package.json, or use\n' +
        '`npm ci && npm run package`, which makes a folder that needs no installation.',
    );
}
trim(fromRoot('node_modules'));
