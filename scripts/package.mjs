// Makes the folder and the archive that a server needs: compiled, with the converted models and the packages for this platform,
// without compilers. Run it on a machine like the server's: it holds binaries for this system and processor.
//   npm run package        writes build/invigil-VERSION-PLATFORM-ARCH and the same as .tar.gz
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot, hasBuildTools } from './tools.mjs';
import { trim } from './trim.mjs';

/** Files and folders that go along as they are. */
const CONTENTS = ['prisma/migrations', 'docs', 'examples', 'README.md', 'CHANGELOG.md', 'LICENSE', '.env.example'];
const MB = 1024 * 1024;
if (!hasBuildTools()) {
  console.error('`npm run package` needs the compiler: run `npm ci` first, without --omit=dev and NODE_ENV=production.');
  process.exit(1);
}
for (const script of ['generate-client.mjs', 'build.mjs', 'convert-models.mjs'])
  execFileSync(process.execPath, [fromRoot(`scripts/${script}`)], { stdio: 'inherit' });
// After the build, which it may not have at the start of this script.
const { keepNets, netNames } = await import('#built/adapters/vision/local/nets.js');
if (keepNets().length < netNames.length) {
  console.error('The models could not be converted on this platform: make the package on another machine, or install with `npm ci`.');
  process.exit(1);
}

const source = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8'));
const name = `invigil-${source.version}-${process.platform}-${process.arch}`;
const folder = fromRoot(`build/${name}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const part of ['dist/src', 'dist/rest-compat', 'dist/web', 'dist/nets', ...CONTENTS]) {
  cpSync(fromRoot(part), join(folder, part), { recursive: true });
}
writeManifest();
install();
trim(join(folder, 'node_modules'));
execFileSync('tar', ['-czf', `${name}.tar.gz`, name], { cwd: fromRoot('build'), stdio: 'inherit' });
console.log(
  `build/${name}: ${Math.round(sizeOf(folder) / MB)} MB, build/${name}.tar.gz: ${Math.round(statSync(`${folder}.tar.gz`).size / MB)} MB\n` +
    'Unpack it on the server, and run `npm start` (or `node dist/src/index.js`) in it.',
);

function writeManifest() {
  const { name, version, private: isPrivate, description, license, bin, type, dependencies, overrides, engines, allowScripts } = source;
  const node = 'node --enable-source-maps dist/src';
  const scripts = { start: `${node}/index.js`, worker: `${node}/worker.js`, evaluate: `${node}/cli.js evaluate` };
  const manifest = {
    name,
    version,
    private: isPrivate,
    description,
    license,
    bin,
    type,
    scripts,
    dependencies,
    overrides,
    engines,
    allowScripts,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(fromRoot('package-lock.json'), join(folder, 'package-lock.json'));
  cpSync(fromRoot('.npmrc'), join(folder, '.npmrc'));
}

/** The same versions as here, by the lock file, less the development packages and the optional peers that only they asked for. */
function install() {
  const npm = (...args) =>
    execFileSync('npm', [...args, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  npm('install', '--package-lock-only', '--ignore-scripts');
  npm('ci', '--omit=dev');
}

function sizeOf(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name: file }) => sum + statSync(join(parentPath, file)).size, 0);
}
