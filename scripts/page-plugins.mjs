// Vite plugins of the pages, for web/vite.config.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fromRoot } from './tools.mjs';

const IMPORT = /import \{ graphql \} from '([./]+\/generated)\/index\.ts';/;
const CALL = /\bgraphql\(\s*(?:\/\*\s*GraphQL\s*\*\/\s*)?`\s*(query|mutation|subscription|fragment)\s+(\w+)[^`]*`,?\s*\)/g;

/** `{price, number, percent}` and `{n, plural, offset:1 …}`. */
const UNSUPPORTED = /\{\s*\w+\s*,\s*(number|date|time)\s*,|\boffset:\d/;

/**
 * Replaces calls of graphql() by the generated constants. The function itself finds them in a table of all documents, which would
 * put those of every page into every page; and so would one module of them, which all pages share: each folder of web/ has its own.
 * @returns {import('vite').Plugin}
 */
export const documentConstants = () => ({
  name: 'invigil:document-constants',
  apply: 'build',
  enforce: 'pre',
  transform(code, id) {
    const folder = /\.tsx?$/.test(id) && IMPORT.exec(code)?.[1];
    if (!folder) return null;
    const constant = (_call, kind, name) => `graphqlDocuments.${name}${kind === 'fragment' ? 'FragmentDoc' : 'Document'}`;
    const [of] = relative(fromRoot('web'), id).split('/');
    const replaced = code.replaceAll(CALL, constant).replace(IMPORT, `import * as graphqlDocuments from '${folder}/graphql.ts?of=${of}';`);
    if (/\bgraphql\(/.test(replaced)) this.error('A GraphQL document is one named operation or fragment in backquotes.');
    return { code: replaced, map: null };
  },
});

/**
 * The compiled form of a catalogue. @throws for what that form cannot do: number skeletons, the named styles of dates and numbers, `offset:`
 * @param {object} words
 */
export async function compileMessages(words) {
  const { default: compile } = await import('icu-minify/compile');
  const compileAll = (value) => {
    if (typeof value !== 'string') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, compileAll(inner)]));
    if (UNSUPPORTED.test(value)) throw new Error(`A message has a style or an offset, which needs the parser: ${value}`);
    return compile(value);
  };
  return compileAll(words);
}

/**
 * Compiles ICU messages, so that a page does not load the parser: 12 kB with gzip. What the compiled form cannot do fails the build.
 * @returns {import('vite').Plugin}
 */
export const compiledMessages = () => ({
  name: 'invigil:compiled-messages',
  apply: 'build',
  enforce: 'pre',
  config: () => ({ resolve: { alias: { 'use-intl/format-message': 'use-intl/format-message/format-only' } } }),
  async transform(code, id) {
    if (!/\/strings\/[\w-]+\.json$/.test(id)) return null;
    return { code: JSON.stringify(await compileMessages(JSON.parse(code))), map: null };
  },
});

/** The folder of the package that a module belongs to; null for our own. @param {string} id */
function packageOf(id) {
  const match = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
  return match?.[1] ?? null;
}

/** @param {string} folder of a package */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `${license}, without a text in the package`;
  return { title: `${name} ${version} (${license})`, text };
}

/**
 * Writes `licenses.txt`, which the licences of the packages in the pages require, and `.vite/modules.json` with our own files and the
 * packages in each chunk, which the test of the budget reads. Workers are builds of their own: `inWorker` hears of their modules.
 */
export function moduleLists() {
  /** @type {Record<string, string[]>} */
  const chunks = {};
  /** @type {Set<string>} */
  const packages = new Set();

  /** @param {import('vite').Rolldown.OutputBundle} bundle */
  function note(bundle) {
    for (const output of Object.values(bundle)) {
      if (output.type !== 'chunk') continue;
      const ids = Object.entries(output.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
      const folders = ids.map((id) => ({ id, folder: packageOf(id) }));
      for (const { folder } of folders) if (folder && existsSync(join(folder, 'package.json'))) packages.add(folder);
      const names = folders.map(({ id, folder }) => relative(fromRoot('.'), folder ?? id.split('?', 1)[0] ?? ''));
      chunks[output.fileName] = [...new Set(names)].filter((name) => !name.startsWith('\0')).sort();
    }
  }

  /** @returns {import('vite').Plugin} */
  const inWorker = () => ({
    name: 'invigil:worker-modules',
    generateBundle(_options, bundle) {
      note(bundle);
    },
  });
  /** @returns {import('vite').Plugin} */
  const inPages = () => ({
    name: 'invigil:page-modules',
    apply: 'build',
    generateBundle(_options, bundle) {
      note(bundle);
      const licences = [...packages].sort().map(licenceOf);
      const line = '-'.repeat(80);
      const texts = licences.map(({ title, text }) => `${line}\n${title}\n${line}\n\n${text}\n`);
      const source = `The pages of Invigil contain parts of these packages:\n\n${texts.join('\n')}`;
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
      this.emitFile({ type: 'asset', fileName: '.vite/modules.json', source: `${JSON.stringify(chunks, null, 2)}\n` });
    },
  });
  return { inPages, inWorker };
}
