import { StartupError } from './errors.ts';

/**
 * Runs a program up to its signal to stop: Ctrl-C, SIGTERM or the end of the terminal. A second signal ends it at once.
 * A StartupError is one line and exit code 1.
 */
export async function runProgram(start: (stopping: AbortSignal) => Promise<() => Promise<void>>): Promise<void> {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    const onSignal = () => {
      if (stopping.signal.aborted) process.exit(1);
      stopping.abort();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
  try {
    const stop = await start(stopping.signal);
    await stopped;
    await stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof StartupError ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  }
}
