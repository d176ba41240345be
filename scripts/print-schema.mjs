// Prints the GraphQL schema to test/schema.graphql; with --check it only says whether that file is up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../dist/src/schema/index.js';

const file = new URL('../test/schema.graphql', import.meta.url);
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
if (process.argv.includes('--check')) {
  if ((await readFile(file, 'utf8').catch(() => '')) !== printed) {
    console.error('test/schema.graphql is out of date: run `npm run schema`');
    process.exit(1);
  }
} else {
  await writeFile(file, printed);
}
