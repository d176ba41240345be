import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

const PEERS = ['graphql', 'graphql-yoga', 'graphql-ws', 'mercurius', 'fastify', '@apollo/server', 'ws', 'pg', '@prisma/client'];
const FILE_SYSTEMS = { 0xef53: 'ext4', 0x01021994: 'tmpfs', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x794c7630: 'overlayfs' };

const require = createRequire(import.meta.url);

/** Packages may hide their package.json, so it is searched upwards from their entry point. */
function versionOf(name) {
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (manifest.name === name) return manifest.version;
    } catch {
      // No manifest at this level.
    }
  }
  return 'unknown';
}

function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Facts that the figures depend on besides the code. */
export async function machineFacts(postgres) {
  const { type } = await statfs(postgres.dataDir);
  return {
    date: new Date().toISOString(),
    commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' and changes'}`,
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: loadavg().map((value) => Number(value.toFixed(2))),
    system: `${process.platform} ${arch()} ${release()}`,
    node: process.version,
    postgres: { version: postgres.version, fileSystem: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`, ...postgres.settings },
    versions: Object.fromEntries(PEERS.map((name) => [name, versionOf(name)])),
  };
}
