import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';

// Not by a door: what a page loads before it shows anything is only known to the build.

interface Chunk {
  file: string;
  isEntry?: boolean;
  isWorkerEntry?: boolean;
  /** Keys of chunks that are loaded with this one. */
  imports?: string[];
}

const WEB = join(projectRoot, 'dist/web');
const read = (name: string) => readFileSync(join(WEB, '.vite', name), 'utf8');
const manifest = JSON.parse(read('manifest.json')) as Record<string, Chunk>;
const modules = JSON.parse(read('modules.json')) as Record<string, string[]>;

/** Bytes with gzip that each page may load before it shows anything. */
const BUDGET: Readonly<Record<string, number>> = {
  'exam/index.html': 110_000,
  'admin/exam/index.html': 200_000,
  'console/index.html': 200_000,
};
/** Folders whose code a page may load then. */
const OWN: Readonly<Record<string, RegExp>> = {
  'exam/index.html': /^(node_modules|web\/(exam|room|shared|generated))\//,
  'admin/exam/index.html': /^(node_modules|web\/(admin|proctor|staff|shared|generated))\//,
  'console/index.html': /^(node_modules|web\/(console|school|staff|shared|generated))\//,
};

const sizeOf = (file: string) => gzipSync(readFileSync(join(WEB, file)), { level: 9 }).length;

/** The scripts of a page without those that it imports later. */
function scriptsOf(key: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[key];
  if (!chunk || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const next of chunk.imports ?? []) scriptsOf(next, found);
  return found;
}

/** The GraphQL operations of the pages, by name, and the file in which each is. */
const operations = new Map(
  readdirSync(join(projectRoot, 'web'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('web', file))
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('web/generated/'))
    .flatMap((file) =>
      [...readFileSync(join(projectRoot, file), 'utf8').matchAll(/`\s*(?:query|mutation|subscription) (\w+)/g)].map(
        ([, name]) => [name ?? '', file] as const,
      ),
    ),
);

describe.each(Object.keys(manifest).filter((key) => manifest[key]?.isEntry))('the page %s', (entry) => {
  const scripts = [...scriptsOf(entry)];

  it('loads at most its budget before it shows anything', () => {
    const total = scripts.reduce((sum, file) => sum + sizeOf(file), 0);
    const workers = Object.values(manifest).filter(({ isWorkerEntry }) => isWorkerEntry);
    const others = workers.map(({ file }) => `, ${file} ${sizeOf(file)}`).join('');
    console.info(`${entry}: ${total} bytes of scripts with gzip${others}`);
    expect(total).toBeLessThanOrEqual(BUDGET[entry] ?? 0);
  });

  it('loads no code of another page', () => {
    const loaded = scripts.flatMap((file) => modules[file] ?? []);
    expect(loaded).not.toEqual([]);
    expect(loaded.filter((name) => !OWN[entry]?.test(name))).toEqual([]);
  });

  it('loads no question of another page', () => {
    const code = scripts.map((file) => readFileSync(join(WEB, file), 'utf8')).join('\n');
    const loaded = [...operations].filter(([name]) => new RegExp(`\\b(query|mutation|subscription) ${name}\\b`).test(code));
    expect(loaded).not.toEqual([]);
    expect(loaded.filter(([, file]) => !OWN[entry]?.test(file))).toEqual([]);
  });
});
