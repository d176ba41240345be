import { codegen } from '@graphql-codegen/core';
import { preset } from '@graphql-codegen/client-preset';
import { buildSchema, parse } from 'graphql';
import { readFileSync, readdirSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
const schema = buildSchema(readFileSync('test/schema.graphql','utf8'));
const docs=[];
for (const f of readdirSync('web',{recursive:true})) if (/\.tsx?$/.test(f) && !f.startsWith('generated')) {
  const text=readFileSync('web/'+f,'utf8');
  for (const m of text.matchAll(/graphql\(\s*\/\* GraphQL \*\/\s*`([^`]*)`/g)) docs.push({location:'web/'+f, rawSDL:m[1], document:parse(m[1])});
}
const outs = await preset.buildGeneratesSection({ baseOutputDir:'web/generated/', schema: parse(readFileSync('test/schema.graphql','utf8')), schemaAst: schema, documents: docs, config:{documentMode:'string',useTypeImports:true,enumsAsTypes:true,scalars:{DateTime:'string',ID:'string',SafeInt:'number',JSON:'unknown',Upload:'File'}}, presetConfig:{fragmentMasking:false}, plugins:[], pluginMap:{}, pluginContext:{}, });
for (const o of outs) { const c = await codegen(o); mkdirSync(dirname(o.filename),{recursive:true}); writeFileSync(o.filename,c); console.log(o.filename, c.length); }
