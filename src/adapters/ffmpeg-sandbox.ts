import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The files of one run; it can open no other. */
export interface SandboxFiles {
  reads: string | readonly string[];
  /** An existing folder. */
  writes?: string;
  /** Largest file that it may write, bytes; else room for four hours of decoded sound. */
  maxFileBytes?: number;
}

/** What stands between untrusted media and the machine. */
export interface Sandbox {
  /** For the operator: how well ffmpeg is contained here. */
  level: 'namespaces' | 'limits' | 'none';
  /** What to start in place of ffmpeg, and what goes before ffmpeg's own arguments. */
  wrap(files: SandboxFiles): { command: string; prefix: string[] };
}

const MEMORY_BYTES = 1_536 * 1024 * 1024;
/** Decoding four hours of the largest picture takes less. */
const CPU_SECONDS = 4 * 3_600;
/** Four hours of decoded sound. */
const FILE_BYTES = 512 * 1024 * 1024;
const OPEN_FILES = 64;

/** No secret of ours in the environment: all that ffmpeg gets is where its libraries' tools are. */
const EMPTY_ENVIRONMENT = ['-i', 'PATH=/usr/bin:/bin'];
/** Where twenty recordings come at once, whoever asks the server for something else must not wait for all of them. */
const YIELDING = ['nice', '-n', '10'];
const limits = ({ maxFileBytes = FILE_BYTES }: SandboxFiles) => [
  ...YIELDING,
  'prlimit',
  `--as=${MEMORY_BYTES}`,
  `--cpu=${CPU_SECONDS}`,
  `--fsize=${maxFileBytes}`,
  `--nofile=${OPEN_FILES}`,
  '--core=0',
  '--',
];

/** Folders of the system that a dynamically linked ffmpeg reads, where they exist. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib32', '/lib64', '/etc/alternatives', '/etc/ld.so.cache', '/nix/store', '/gnu/store'];

/** Namespaces of its own, without network, processes or files but those named (bubblewrap). */
const namespaces = (ffmpeg: string, { reads, writes }: SandboxFiles): string[] => [
  'bwrap',
  ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
  ...SYSTEM.flatMap((folder) => ['--ro-bind-try', folder, folder]),
  ...(ffmpeg.includes('/') ? ['--ro-bind-try', dirname(ffmpeg), dirname(ffmpeg)] : []),
  ...['--dev', '/dev'],
  ...[reads].flat().flatMap((path) => ['--ro-bind', path, path]),
  ...(writes === undefined ? [] : ['--bind', writes, writes]),
  '--',
];

/** Finds out what this machine can contain ffmpeg with: bubblewrap and limits, limits alone, or nothing. */
export async function findSandbox(ffmpeg: string): Promise<Sandbox> {
  const levels: [Sandbox['level'], (files: SandboxFiles) => string[]][] = [
    ['namespaces', (files) => [...EMPTY_ENVIRONMENT, ...limits(files), ...namespaces(ffmpeg, files), ffmpeg]],
    ['limits', (files) => [...EMPTY_ENVIRONMENT, ...limits(files), ffmpeg]],
  ];
  for (const [level, prefix] of levels) {
    if (await starts(prefix({ reads: process.execPath }))) return { level, wrap: (files) => ({ command: 'env', prefix: prefix(files) }) };
  }
  return { level: 'none', wrap: () => ({ command: ffmpeg, prefix: [] }) };
}

const starts = (args: string[]): Promise<boolean> =>
  run('env', [...args, '-version'], { timeout: 30_000 }).then(
    ({ stdout }) => stdout.startsWith('ffmpeg version'),
    () => false,
  );
