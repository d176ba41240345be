import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { file } from '../../rest-compat/answers/parts.ts';
import type { FileField } from '../../rest-compat/route.ts';
import { routes } from '../../rest-compat/routes.ts';

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  description?: string;
  [keyword: string]: unknown;
}

/** What zod cannot represent says its JSON type by `.meta`: `faultsOf` finds what does not. */
const toJson = (schema: z.ZodType, io: 'input' | 'output') => z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;

const KEYWORDS = new Set([
  ...['properties', 'items', 'anyOf'], // looked into below
  ...['$schema', 'type', 'description', 'examples', 'required', 'additionalProperties', 'enum', 'const', 'default'],
  ...['format', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'],
]);

/** Members that nothing describes, schemas that allow anything, and keywords that this test does not look into. */
function faultsOf(schema: JsonSchema, path = 'it'): string[] {
  const { properties = {}, items, anyOf = [] } = schema;
  const faults: string[] = [];
  for (const keyword of Object.keys(schema)) if (!KEYWORDS.has(keyword)) faults.push(`${path} uses ${keyword}`);
  if (schema['type'] === undefined && schema['const'] === undefined && anyOf.length === 0) faults.push(`${path} may be anything`);
  for (const [name, member] of Object.entries(properties)) {
    if (!member.description) faults.push(`${path}.${name} is not described`);
    faults.push(...faultsOf(member, `${path}.${name}`));
  }
  if (items) faults.push(...faultsOf(items, `${path}[]`));
  for (const part of anyOf) faults.push(...faultsOf(part, path));
  return faults;
}

const isSentence = (text: string) => /^[A-Z].*\.$/.test(text);

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('the route %s', (_name, route) => {
  it('names every parameter of its path', () => {
    const named = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(toJson(route.params, 'input').properties ?? {})).toEqual(named);
  });

  it('describes itself and everything that it takes and answers, in a form that OpenAPI can use', () => {
    expect(route.summary).toSatisfy(isSentence);
    expect(faultsOf(toJson(route.params, 'input'))).toEqual([]);
    expect(faultsOf(toJson(route.query, 'input'))).toEqual([]);
    if (route.method !== 'GET') expect(faultsOf(toJson(route.body, 'input'))).toEqual([]);
    const answer = toJson(route.answer, 'output');
    expect(faultsOf(answer)).toEqual([]);
    if (route.answer !== file) expect(answer.properties).toBeDefined();
  });

  it('declares a file for every body that is not only fields', () => {
    const { accepts, files } = route.method === 'GET' ? { accepts: [], files: {} } : route;
    const described: FileField[] = Object.values(files);
    for (const { description, mediaTypes } of described) {
      expect(description).toSatisfy(isSentence);
      expect(mediaTypes).not.toEqual([]);
    }
    expect(described.length > 0).toBe(accepts.some((type) => type !== 'application/json'));
  });
});

it('tells clients of no setting that is only the name under which unknown ones are kept', () => {
  const create = routes.find(({ method, path }) => method === 'POST' && path === '/exams');
  const body = create && 'body' in create ? toJson(create.body, 'input') : {};
  expect(JSON.stringify(body)).not.toContain('"extra"');
});
