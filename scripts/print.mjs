// Writes what is derived from code: the GraphQL schema to test/schema.graphql, the settings to .env.example, and the routes between
// the two marks in docs/rest.md.
// With --check it only checks whether they are up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { routes } from '#built-rest/routes.js';
import { settings } from '#built/config.js';
import { schema } from '#built/schema/index.js';
import { printRest } from './print-rest.mjs';

function printSettings() {
  const entries = Object.entries(settings).map(([name, setting]) => {
    const fallback = setting.safeParse(undefined);
    const value = fallback.success && fallback.data !== undefined && !Array.isArray(fallback.data) ? String(fallback.data) : '';
    return `# ${setting.description}\n# ${name}=${value}\n`;
  });
  return `# Every setting with its default. Set the ones you need in the environment of \`npm start\`, or in a file \`.env\` here.\n\n${entries.join('\n')}`;
}

const BEGIN = '<!-- printed from the routes: do not edit below -->\n';
const END = '<!-- printed from the routes: do not edit above -->\n';

async function printRestPage() {
  const page = await readFile(new URL('../docs/rest.md', import.meta.url), 'utf8');
  const [before, rest = ''] = page.split(BEGIN);
  const after = rest.split(END)[1];
  if (after === undefined) throw new Error('docs/rest.md has lost the marks around the printed routes');
  return `${before}${BEGIN}\n${printRest(routes)}\n${END}${after}`;
}

const files = {
  'docs/rest.md': await printRestPage(),
  'test/schema.graphql': `${printSchema(lexicographicSortSchema(schema))}\n`,
  '.env.example': printSettings(),
};

for (const [path, printed] of Object.entries(files)) {
  const file = new URL(`../${path}`, import.meta.url);
  if (!process.argv.includes('--check')) await writeFile(file, printed);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== printed) {
    console.error(`${path} is out of date: run \`npm run print\``);
    process.exitCode = 1;
  }
}
