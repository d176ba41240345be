import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';

interface Manifest {
  dependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

/** Used if they are there: dist/nets replaces the models, an installed ffmpeg the bundled one. */
const DISPENSABLE = ['@ffmpeg-installer/ffmpeg', '@ricky0123/vad-web', '@vladmandic/face-api', '@vladmandic/human'];

const readJson = async <T>(path: string) => JSON.parse(await readFile(join(projectRoot, path), 'utf8')) as T;

/** The packages that the compiled program imports, requires or resolves. */
async function packagesInUse(): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of ['dist/src', 'dist/rest-compat']) {
    for (const name of await readdir(join(projectRoot, folder), { recursive: true })) {
      if (!name.endsWith('.js')) continue;
      const text = await readFile(join(projectRoot, folder, name), 'utf8');
      for (const [, specifier = ''] of text.matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire(?:\.resolve)?\()['"]([^'"]+)['"]/g)) {
        if (specifier.startsWith('.') || isBuiltin(specifier)) continue;
        found.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
      }
    }
  }
  return [...found].sort();
}

describe('a production installation', () => {
  it('has every package that the program uses, and needs no development package', async () => {
    const { dependencies } = await readJson<Manifest>('package.json');
    const used = await packagesInUse();
    expect(used).toContain('pg');
    expect(used.filter((name) => !(name in dependencies))).toEqual(DISPENSABLE);
  });

  // npm before 11.16 does not read allowScripts, but runs only scripts that the lock file announces.
  it('runs no install script that downloads, whatever the version of npm', async () => {
    const { allowScripts } = await readJson<Manifest>('package.json');
    const { packages } = await readJson<{ packages: Record<string, { hasInstallScript?: boolean }> }>('package-lock.json');
    const announced = Object.keys(packages)
      .filter((path) => packages[path]?.hasInstallScript)
      .map((path) => path.replace(/^.*node_modules\//, ''));
    expect(
      announced.filter((name) => allowScripts[name] !== true),
      'remove "hasInstallScript" of these from package-lock.json, or allow them',
    ).toEqual([]);
  });
});

describe('a clone without a compiler', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
    await cp(join(projectRoot, 'scripts'), join(folder, 'scripts'), { recursive: true });
    await cp(join(projectRoot, 'package-lock.json'), join(folder, 'package-lock.json'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = (script: string) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const child = execFile(process.execPath, [join(folder, 'scripts', script)], (_error, stdout, stderr) =>
        resolve({ code: child.exitCode, output: stdout + stderr }),
      );
    });

  it('starts with what was built before', async () => {
    await mkdir(join(folder, 'dist/src'), { recursive: true });
    await writeFile(join(folder, 'dist/src/index.js'), '');
    expect(await run('build.mjs')).toEqual({ code: 0, output: '' });
    expect(await run('prepare.mjs')).toEqual({ code: 0, output: '' });
  });

  it('keeps no package that only development needs', async () => {
    for (const name of ['prisma', 'pg']) await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await run('prepare.mjs');
    expect(await readdir(join(folder, 'node_modules'))).toEqual(['pg']);
  });

  it('is installed all the same, and says in one line what is missing when it is started', async () => {
    expect(await run('prepare.mjs')).toMatchObject({ code: 0, output: expect.stringContaining('npm run package') as string });
    const { code, output } = await run('build.mjs');
    expect(code).toBe(1);
    expect(output).toMatch(/^This clone is not built.*`npm ci`.*\n$/);
  });
});
