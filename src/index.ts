import { createApp } from './app.ts';
import { loadConfig, loadEnvironment } from './config.ts';
import { openPort } from './http/open-port.ts';
import { createLogger } from './log.ts';
import { cameraNote } from './start/camera-note.ts';
import { runProgram } from './start/lifecycle.ts';
import { version } from './version.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

await runProgram(async () => {
  const { env, file } = loadEnvironment();
  const config = loadConfig(env);
  const log = createLogger(config.LOG_LEVEL);
  say(`Invigil ${version} is starting.`);
  if (file) log.info({ file }, 'settings are also read from a file; the environment has precedence');
  const port = await openPort({
    port: config.PORT,
    host: config.HOST,
    slowRequestSeconds: config.SLOW_REQUEST_SECONDS,
    keepAliveSeconds: config.KEEP_ALIVE_SECONDS,
  });
  // Loaded while PostgreSQL starts: the schema takes as long as that.
  const doors = import('./server.ts');
  const app = await createApp(config, log, { say }).catch((error: unknown) => {
    port.close();
    throw error;
  });
  try {
    const { startServer } = await doors;
    const server = await startServer(app, port);
    if (config.INLINE_WORKER) await app.startWorker();
    else app.watchForWorkers();
    // Last, because a key is shown only once: nothing may fail between its creation and its display.
    const { newKey, notice } = await app.services.access.bootstrap(config.BOOTSTRAP_API_KEY);
    server.open();
    const { publicUrl, pagesNote } = server;
    say(greeting({ publicUrl, newKey, relocatedTo: app.relocatedTo, bundledFfmpeg: app.ffmpeg.bundled, pagesNote }));
    if (notice) log.warn(notice);
    app.prepareModels();
    const stop = async () => {
      await server.close();
      await app.close();
    };
    return { stop, lost: app.lost };
  } catch (error) {
    port.close();
    await app.close();
    throw error;
  }
});

interface Greeting {
  publicUrl: string;
  newKey: string | null;
  relocatedTo: string | null;
  bundledFfmpeg: boolean;
  pagesNote: string | null;
}

function greeting({ publicUrl, newKey, relocatedTo, bundledFfmpeg, pagesNote }: Greeting): string {
  const lines = [
    `Invigil ${version} is ready.`,
    '',
    `  REST      ${publicUrl}/api`,
    `  GraphQL   ${publicUrl}/graphql   (GraphiQL in a browser, subscriptions by graphql-ws)`,
  ];
  if (newKey) lines.push(`  Admin key ${newKey}`, '            Store it now: it is not shown again.');
  if (relocatedTo) lines.push(`  Database  ${relocatedTo}   (PostgreSQL's user cannot enter DATA_DIR: back up this folder too)`);
  if (bundledFfmpeg) lines.push('  ffmpeg    the bundled build from 2018, for trying things out only; install a newer one for real exams');
  if (pagesNote) lines.push(`  Pages     ${pagesNote}`);
  const camera = cameraNote(publicUrl);
  if (camera) lines.push(`  Warning   ${camera}`);
  lines.push(
    '',
    'Create an exam:',
    '',
    `  curl -s ${publicUrl}/api/exams -H 'Authorization: Bearer ${newKey ?? '<API key>'}' \\`,
    `    -H 'Content-Type: application/json' -d '{"title":"First exam","duration":60}'`,
    '',
  );
  return `\n${lines.join('\n')}`;
}
