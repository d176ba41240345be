import { createApp } from './app.ts';
import { loadConfig } from './config.ts';
import { StartupError } from './errors.ts';
import { createLogger } from './log.ts';
import { runProgram } from './start/lifecycle.ts';

/** Analyses recordings in a process of its own, with this machine's DATA_DIR. */
await runProgram(async () => {
  const config = loadConfig(process.env);
  if (!config.DATABASE_URL) throw new StartupError('A separate worker needs DATABASE_URL: the embedded database belongs to the server');
  const app = await createApp(config, createLogger(config.LOG_LEVEL));
  await app.startWorker();
  process.stdout.write('The analysis worker is ready.\n');
  return { stop: app.close, lost: app.lost };
});
