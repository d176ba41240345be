import { StartupError } from '../errors.ts';

interface RunningProgram {
  stop(): Promise<void>;
  /** Resolves with what the program cannot go on without; never where there is no such thing. */
  lost: Promise<StartupError>;
}

/**
 * Runs a program up to its signal to stop: Ctrl-C, SIGTERM or the end of the terminal. A second signal ends it at once.
 * A StartupError is one line and exit code 1.
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
    process.stderr.write(`${error instanceof StartupError ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  }
}
