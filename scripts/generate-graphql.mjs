// Generates web/generated from test/schema.graphql and the documents in web: the types of what each operation takes and answers.
//   node scripts/generate-graphql.mjs        0.1 s if no document has changed, else about a second
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesIn } from './files.mjs';
import { fromRoot } from './tools.mjs';

const OUT = fromRoot('web/generated/');
const STAMP = `${OUT}.stamp`;
const SCHEMA = fromRoot('test/schema.graphql');
/** A call such as graphql(`query Me { me { role } }`), with or without the comment that editors look for. */
const DOCUMENT = /\bgraphql\(\s*(?:\/\*\s*GraphQL\s*\*\/\s*)?`([^`]*)`/g;

const CONFIG = {
  documentMode: 'string',
  useTypeImports: true,
  enumsAsTypes: true,
  scalars: { ID: 'string', DateTime: 'string', SafeInt: 'number', JSON: 'unknown', Upload: 'Blob' },
};

const DECORATION = "import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';\n";

/** @returns {{ location: string, rawSDL: string }[]} */
function readDocuments() {
  const sources = filesIn(fromRoot('web')).filter((path) => /\.tsx?$/.test(path) && !path.startsWith(OUT));
  return sources.sort().flatMap((location) => {
    const found = [...readFileSync(location, 'utf8').matchAll(DOCUMENT)].map(([, rawSDL = '']) => ({ location, rawSDL }));
    const built = found.find(({ rawSDL }) => rawSDL.includes('${'));
    if (built) throw new Error(`${location}: a GraphQL document is a constant; pass what changes as a variable:\n${built.rawSDL}`);
    return found;
  });
}

/** Writes web/generated if the schema or a document has changed. @returns {Promise<boolean>} whether it has */
export async function generateGraphql() {
  const schema = readFileSync(SCHEMA, 'utf8');
  const documents = readDocuments();
  const sources = [schema, readFileSync(fromRoot('scripts/generate-graphql.mjs'), 'utf8'), JSON.stringify(documents)];
  const print = createHash('sha256').update(sources.join('\0')).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === print) return false;
  await write(schema, documents);
  writeFileSync(STAMP, print);
  return true;
}

async function write(schema, documents) {
  const [{ codegen }, { preset }, { buildSchema, parse }] = await Promise.all([
    import('@graphql-codegen/core'),
    import('@graphql-codegen/client-preset'),
    import('graphql'),
  ]);
  const parsed = documents.map((document) => ({ ...document, document: parseDocument(parse, document) }));
  const outputs = await preset.buildGeneratesSection({
    baseOutputDir: OUT,
    schema: parse(schema),
    schemaAst: buildSchema(schema),
    documents: parsed,
    config: CONFIG,
    // Fragments are shared shapes here, not borders between components.
    presetConfig: { fragmentMasking: false },
    plugins: [],
    pluginMap: {},
    pluginContext: {},
  });
  for (const output of outputs) {
    // Which the generator forgets where there are no documents.
    const complete = (await codegen(output)).replace(
      /^(?!.*import type \{ DocumentTypeDecoration)(?=.*DocumentTypeDecoration)/s,
      DECORATION,
    );
    // So that a page which does not use a document does not load it.
    const text = complete.replaceAll('= new TypedDocumentString(', '= /*#__PURE__*/ new TypedDocumentString(');
    mkdirSync(dirname(output.filename), { recursive: true });
    // Vite and the compiler take a new time for a change.
    if (!existsSync(output.filename) || readFileSync(output.filename, 'utf8') !== text) writeFileSync(output.filename, text);
  }
}

function parseDocument(parse, { location, rawSDL }) {
  try {
    return parse(rawSDL);
  } catch (error) {
    throw new Error(`${location}: ${error.message}\n${rawSDL}`, { cause: error });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await generateGraphql();
