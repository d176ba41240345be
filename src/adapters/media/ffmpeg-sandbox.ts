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

/**
 * Finds out what this machine can contain ffmpeg with: bubblewrap and limits, limits alone, or nothing.
 * @returns what ffmpeg says of itself there, too: its version and all its options. Null where it does not run.
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
