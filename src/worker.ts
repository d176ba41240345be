import { createApp } from './app.ts';
import { loadConfig, loadEnvironment } from './config.ts';
import { StartupError } from './errors.ts';
import { createLogger } from './log.ts';
import { runProgram } from './start/lifecycle.ts';
import { version } from './version.ts';

/** Analyses recordings in a process of its own, with this machine's DATA_DIR. */
await runProgram(async () => {
  const { env, file } = loadEnvironment();
  const config = loadConfig(env);
  const log = createLogger(config.LOG_LEVEL);
  if (file) log.info({ file }, 'settings are also read from a file; the environment has precedence');
  if (!config.DATABASE_URL) throw new StartupError('A separate worker needs DATABASE_URL: the embedded database belongs to the server');
  const app = await createApp(config, log);
  await app.startWorker();
  process.stdout.write(`The analysis worker of Invigil ${version} is ready.\n`);
  return { stop: app.close, lost: app.lost };
});
