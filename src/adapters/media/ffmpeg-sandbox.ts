import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The files of one run; ffmpeg can open no others. */
export interface SandboxFiles {
  reads: string | readonly string[];
  /** An existing folder. */
  writes?: string;
  /** Maximum size of a written file in bytes; default: 512 MB. */
  maxFileBytes?: number;
}

/** Isolates the machine from untrusted media. */
export interface Sandbox {
  /** How well ffmpeg is isolated on this machine; for the operator. */
  level: 'namespaces' | 'limits' | 'none';
  /** The command to start instead of ffmpeg, and the arguments before ffmpeg's own. */
  wrap(files: SandboxFiles): { command: string; prefix: string[] };
}

const MEMORY_BYTES = 1_536 * 1024 * 1024;
/** As long as the longest recording lasts: decoding takes a fraction of it. */
const CPU_SECONDS = 24 * 3_600;
/** For runs that do not know how much they will write. */
const FILE_BYTES = 512 * 1024 * 1024;
const OPEN_FILES = 64;

/** No secrets in the environment: ffmpeg only gets the PATH. */
const EMPTY_ENVIRONMENT = ['-i', 'PATH=/usr/bin:/bin'];
/** When twenty recordings arrive at once, other requests to the server must not wait for all of them. */
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

/** System folders that a dynamically linked ffmpeg reads, if they exist. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib32', '/lib64', '/etc/alternatives', '/etc/ld.so.cache', '/nix/store', '/gnu/store'];

/** Own namespaces without network, without other processes, and with only the named files (bubblewrap). */
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

/**
 * Finds out how this machine can isolate ffmpeg: bubblewrap and limits, only limits, or nothing.
 * @returns also ffmpeg's help text from inside the sandbox, with its version and all options. Null if it does not run.
 */
export async function findSandbox(ffmpeg: string): Promise<{ sandbox: Sandbox; help: string } | null> {
  const confined = (level: Sandbox['level'], prefix: (files: SandboxFiles) => string[]): Sandbox => ({
    level,
    wrap: (files) => ({ command: 'env', prefix: prefix(files) }),
  });
  const sandboxes: Sandbox[] = [
    confined('namespaces', (files) => [...EMPTY_ENVIRONMENT, ...limits(files), ...namespaces(ffmpeg, files), ffmpeg]),
    confined('limits', (files) => [...EMPTY_ENVIRONMENT, ...limits(files), ffmpeg]),
    { level: 'none', wrap: () => ({ command: ffmpeg, prefix: [] }) },
  ];
  for (const sandbox of sandboxes) {
    const help = await readHelp(sandbox);
    if (help !== null) return { sandbox, help };
  }
  return null;
}

async function readHelp(sandbox: Sandbox): Promise<string | null> {
  const { command, prefix } = sandbox.wrap({ reads: process.execPath });
  try {
    const { stdout, stderr } = await run(command, [...prefix, '-h', 'long'], { timeout: 30_000, maxBuffer: 8 * 1024 * 1024 });
    return stderr.startsWith('ffmpeg version') ? stderr + stdout : null;
  } catch {
    return null;
  }
}
