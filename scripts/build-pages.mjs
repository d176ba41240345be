// Builds the pages in web to dist/web, if they have changed since the last time, and compresses them.
//   node scripts/build-pages.mjs       0.1 s if nothing has changed
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { filesIn, fingerprintOf } from './files.mjs';
import { generateGraphql } from './generate-graphql.mjs';
import { fromRoot } from './tools.mjs';

const OUT = fromRoot('dist/web');
const STAMP = fromRoot('dist/web/.built');
const SCRIPTS = ['build-pages.mjs', 'generate-graphql.mjs', 'page-plugins.mjs', 'pseudo-messages.mjs'].map((name) =>
  fromRoot(`scripts/${name}`),
);
/** Pictures and fonts are compressed already. */
const COMPRESSIBLE = /\.(html|js|css|txt|svg|json|wasm)$/;

/** The generated files come from the rest of it. */
const sources = () => [
  ...filesIn(fromRoot('web')).filter((path) => !path.startsWith(fromRoot('web/generated/'))),
  ...[fromRoot('test/schema.graphql'), fromRoot('package-lock.json'), ...SCRIPTS],
];

export async function buildPages() {
  // The compiler needs them too, whether or not the pages are built.
  await generateGraphql();
  const print = fingerprintOf(sources());
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === print) return;
  // Vite keeps what is set: that of the tests would make a React for development, twice as large.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  await build({ configFile: fromRoot('web/vite.config.ts'), logLevel: 'warn' });
  await compress();
  // Vite has emptied the folder, so that an interrupted build has no stamp.
  writeFileSync(STAMP, print);
}

/** Once, so that the server need not: at the best quality, which takes 50 times as long as the usual one. */
async function compress() {
  const paths = filesIn(OUT).filter((path) => COMPRESSIBLE.test(path) && !path.startsWith(`${OUT}/.vite/`));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(path);
      const [br, gz] = await Promise.all([promisify(brotliCompress)(bytes, quality), promisify(gzip)(bytes, { level: 9 })]);
      await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPages();
