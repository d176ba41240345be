// The server from its source and Vite's server with the pages, both of which follow changes. Ctrl-C ends both.
//   npm run dev                    the pages at http://localhost:5173, the server behind them at http://localhost:4000
//   PORT=4100 npm run dev          takes every setting of the server
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'vite';
import { generateGraphql } from './generate-graphql.mjs';
import { fromRoot } from './tools.mjs';

const PAGE = /^(\/admin)?(\/exam)\/exam_[0-9a-z]+(?=\?|$)/;
const WATCHED = [`--watch-path=${fromRoot('src')}`, `--watch-path=${fromRoot('rest-compat')}`];
const RUN = [
  '--watch',
  ...WATCHED,
  '--watch-preserve-output',
  '--enable-source-maps',
  '--import',
  '@oxc-node/core/register',
  'src/index.ts',
];

if (existsSync('.env')) process.loadEnvFile('.env');
const port = Number(process.env.PORT) || 4000;
const behind = { target: `http://127.0.0.1:${port}`, ws: true };

/** @type {import('vite').Plugin} */
const pages = {
  name: 'invigil:dev-pages',
  configureServer({ middlewares, watcher }) {
    middlewares.use((req, _res, next) => {
      req.url = req.url?.replace(PAGE, '$1$2/index.html').replace(/^\/console\/?(?=\?|$)/, '/console/index.html');
      next();
    });
    const say = (error) => console.error(error.message);
    watcher.add(fromRoot('test/schema.graphql'));
    watcher.on('all', (_event, path) => {
      if (/\.(tsx?|graphql)$/.test(path) && !path.includes('/generated/')) generateGraphql().catch(say);
    });
  },
};

await generateGraphql();
const vite = await createServer({
  configFile: fromRoot('web/vite.config.ts'),
  plugins: [pages],
  clearScreen: false,
  logLevel: 'warn',
  server: {
    proxy: Object.fromEntries(['/api', '/graphql', '/admin', '/healthz', '/readyz', '/.well-known'].map((path) => [path, behind])),
  },
});
await vite.listen();
const address = (vite.resolvedUrls?.local[0] ?? '').replace(/\/$/, '');

// Groups of their own: the terminal's Ctrl-C would reach them beside our signal, and the second one ends a server by force.
const env = { ...process.env, PORT: String(port), PUBLIC_URL: process.env.PUBLIC_URL || address };
const server = spawn(process.execPath, RUN, { cwd: fromRoot('.'), env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
const printer = spawn(process.execPath, [fromRoot('node_modules/pino-pretty/bin.js')], {
  detached: true,
  stdio: ['pipe', 'inherit', 'inherit'],
});
for (const stream of [server.stdout, server.stderr]) stream.pipe(printer.stdin, { end: false });
console.log(`The pages follow changes of web at ${address}`);

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => server.kill('SIGTERM'));
await once(server, 'exit');
printer.stdin.end();
await Promise.all([vite.close(), once(printer, 'exit')]);
