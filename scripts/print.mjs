// Writes the files that are derived from code: the GraphQL schema to test/schema.graphql, the settings to .env.example.
// With --check it only checks whether they are up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { settings } from '#built/config.js';
import { schema } from '#built/schema/index.js';

function printSettings() {
  const entries = Object.entries(settings).map(([name, setting]) => {
    const fallback = setting.safeParse(undefined);
    const value = fallback.success && fallback.data !== undefined && !Array.isArray(fallback.data) ? String(fallback.data) : '';
    return `# ${setting.description}\n# ${name}=${value}\n`;
  });
  return `# Every setting with its default. Set the ones you need in the environment of \`npm start\`, or in a file \`.env\` here.\n\n${entries.join('\n')}`;
}

const files = {
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
