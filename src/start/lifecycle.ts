import { StartupError } from '../errors.ts';

interface RunningProgram {
  stop(): Promise<void>;
  /** Resolves with an error once the program has lost something it cannot run without. May never resolve. */
  lost: Promise<StartupError>;
}

/**
 * Runs a program until a signal to stop: Ctrl-C, SIGTERM or the end of the terminal. A second signal ends it immediately.
 * A StartupError prints one line; the exit code is 1.
 */
export async function runProgram(start: () => Promise<RunningProgram>): Promise<void> {
  let signals = 0;
  const stopped = new Promise<void>((resolve) => {
    const onSignal = () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
  try {
    const { stop, lost } = await start();
    const failure = await Promise.race([stopped, lost]);
    await stop();
    if (failure) throw failure;
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

/** One line for what an operator can fix: settings, rights, room. A stack for bugs. */
function explain(error: unknown): string {
  if (error instanceof StartupError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code && path && FIXABLE.has(code)) return `Cannot use ${path}: ${error.message}: check its owner, its mode and the room on its disk`;
  return String(error.stack);
}

const FIXABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EISDIR', 'EMFILE']);
