import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../src/paths.ts';

const ROOT_ENTRIES = new Set(readdirSync(projectRoot));
const inDocs = readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name));
const PAGES = ['README.md', 'CONTRIBUTING.md', 'bench/README.md', ...inDocs.filter((name) => extname(name) === '.md')];

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const exists = (path: string) => existsSync(join(projectRoot, path));

/** Fenced blocks hold commands and examples: what they name need not exist. */
const prose = (page: string) => read(page).replaceAll(/^```[\s\S]*?^```$/gm, '');

const isPath = (code: string) =>
  /^[\w.@/-]+$/.test(code) && ROOT_ENTRIES.has(code.split('/')[0] ?? '') && (code.includes('/') || extname(code) !== '');

/** As GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function brokenLinks(page: string): string[] {
  const targets = [...prose(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : relative('.', join(dirname(page), path));
    if (!exists(file)) return true;
    return anchor !== undefined && (statSync(join(projectRoot, file)).isDirectory() || !anchorsOf(file).has(anchor));
  });
}

/** Names in brackets behind a path, such as those of `a.ts` (`MOST_TRIES`), that the file does not hold. */
function missingNames(page: string): string[] {
  return [...prose(page).matchAll(/`([^`\s]+)` \(((?:`[\w.]+`(?:, )?)+)\)/g)].flatMap(([, path = '', list = '']) => {
    if (!isPath(path) || !exists(path) || statSync(join(projectRoot, path)).isDirectory()) return [];
    const text = read(path);
    return [...list.matchAll(/`([\w.]+)`/g)].flatMap(([, name = '']) => (text.includes(name) ? [] : [`${name} in ${path}`]));
  });
}

describe.each(PAGES)('%s', (page) => {
  test('names only files and folders that exist', () => {
    const paths = [...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code).filter(isPath);
    expect(paths.filter((path) => !exists(path))).toEqual([]);
  });

  test('names only constants and functions that the file behind them holds', () => {
    expect(missingNames(page)).toEqual([]);
  });

  test('links only to pages and headings that exist', () => {
    expect(brokenLinks(page)).toEqual([]);
  });
});
