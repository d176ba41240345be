// Prints .env.example from src/config.ts; with --check it only says whether that file is up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { settings } from '../dist/src/config.js';

const file = new URL('../.env.example', import.meta.url);
const entries = Object.entries(settings).map(([name, setting]) => {
  const fallback = setting.safeParse(undefined);
  const value = fallback.success && fallback.data !== undefined && !Array.isArray(fallback.data) ? String(fallback.data) : '';
  return `# ${setting.description}\n# ${name}=${value}\n`;
});
const printed = `# Every setting with its default. Set what you need in the environment of \`npm start\`.\n\n${entries.join('\n')}`;
if (process.argv.includes('--check')) {
  if ((await readFile(file, 'utf8').catch(() => '')) !== printed) {
    console.error('.env.example is out of date: run `npm run settings`');
    process.exit(1);
  }
} else {
  await writeFile(file, printed);
}
