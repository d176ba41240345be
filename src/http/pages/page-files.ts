import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** As in `Content-Encoding`. */
export type Encoding = 'br' | 'gzip' | 'identity';

export interface PageFile {
  contentType: string;
  /** Whether its name has a hash of its content, so that it never changes. */
  isHashed: boolean;
  /** Of the content, without quotes. */
  hash: string;
  /** `identity` is always there. */
  bodies: ReadonlyMap<Encoding, Buffer>;
}

export interface PageFiles {
  /** By the folder of its HTML, such as `admin/exam`. */
  pages: ReadonlyMap<string, PageFile>;
  /** By the path below `/assets/`. */
  assets: ReadonlyMap<string, PageFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Added to the name of a file by scripts/build-pages.mjs. */
const SUFFIXES: readonly (readonly [string, Encoding])[] = [
  ['.br', 'br'],
  ['.gz', 'gzip'],
];

const LICENCES = 'licenses.txt';

/**
 * Reads the built pages: requests are answered from memory, by exact names. About half a megabyte.
 * @param folder such as `dist/web`
 * @returns null if the pages were not built
 */
export async function readPageFiles(folder: string): Promise<PageFiles | null> {
  if (!existsSync(join(folder, LICENCES))) return null;
  const names = (await readdir(folder, { recursive: true })).map((name) => name.split(sep).join('/'));
  const known = new Set(names);

  async function read(name: string): Promise<PageFile> {
    const identity = await readFile(join(folder, name));
    const bodies = new Map<Encoding, Buffer>();
    for (const [suffix, encoding] of SUFFIXES)
      if (known.has(name + suffix)) bodies.set(encoding, await readFile(join(folder, name + suffix)));
    bodies.set('identity', identity);
    return {
      contentType: TYPES[extname(name)] ?? 'application/octet-stream',
      isHashed: name.startsWith('assets/'),
      hash: createHash('sha256').update(identity).digest('base64url').slice(0, 22),
      bodies,
    };
  }

  const pages = new Map<string, PageFile>();
  const assets = new Map([[LICENCES, await read(LICENCES)]]);
  for (const name of names) {
    if (extname(name) === '' || SUFFIXES.some(([suffix]) => name.endsWith(suffix))) continue;
    const page = /^([^.]+)\/index\.html$/.exec(name)?.[1];
    if (page) pages.set(page, await read(name));
    else if (name.startsWith('assets/')) assets.set(name.slice('assets/'.length), await read(name));
  }
  return { pages, assets };
}
