import { createApp } from './app.ts';
import { loadConfig } from './config.ts';
import { createLogger } from './log.ts';
import { startServer } from './server.ts';
import { runProgram } from './start/lifecycle.ts';

await runProgram(async () => {
  const config = loadConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  const app = await createApp(config, log);
  try {
    const server = await startServer(app);
    const newKey = await app.services.access.bootstrap(config.BOOTSTRAP_API_KEY);
    if (config.INLINE_WORKER) await app.startWorker();
    process.stdout.write(
      greeting({ publicUrl: server.publicUrl, newKey, relocatedTo: app.relocatedTo, bundledFfmpeg: app.ffmpeg.bundled }),
    );
    const stop = async () => {
      await server.close();
      await app.close();
    };
    return { stop, lost: app.lost };
  } catch (error) {
    await app.close();
    throw error;
  }
});

interface Greeting {
  publicUrl: string;
  newKey: string | null;
  relocatedTo: string | null;
  bundledFfmpeg: boolean;
}

function greeting({ publicUrl, newKey, relocatedTo, bundledFfmpeg }: Greeting): string {
  const lines = [
    'Invigil is ready.',
    '',
    `  REST      ${publicUrl}/api`,
    `  GraphQL   ${publicUrl}/graphql   (GraphiQL in a browser, subscriptions by graphql-ws)`,
  ];
  if (newKey) lines.push(`  Admin key ${newKey}`, '            Store it now: it is not shown again.');
  if (relocatedTo) lines.push(`  Database  ${relocatedTo}   (PostgreSQL's user cannot enter DATA_DIR: back up this folder too)`);
  if (bundledFfmpeg) lines.push('  ffmpeg    the bundled build from 2018, for trying things out only; install a newer one for real exams');
  lines.push(
    '',
    'Create an exam:',
    '',
    `  curl -s ${publicUrl}/api/exams -H 'Authorization: Bearer ${newKey ?? '<API key>'}' \\`,
    `    -H 'Content-Type: application/json' -d '{"title":"First exam","duration":60}'`,
    '',
  );
  return `\n${lines.join('\n')}\n`;
}
