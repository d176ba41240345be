import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { file } from '../../rest-compat/answers.ts';
import { routes } from '../../rest-compat/routes.ts';

type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema; anyOf?: JsonSchema[]; description?: string };

const toJson = (schema: z.ZodType, io: 'input' | 'output') => z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;

/** Members at any depth that nothing describes. */
function undescribed({ properties = {}, items, anyOf = [] }: JsonSchema, path = ''): string[] {
  const found: string[] = [];
  for (const [name, member] of Object.entries(properties)) {
    if (!member.description) found.push(`${path}${name}`);
    found.push(...undescribed(member, `${path}${name}.`));
  }
  for (const part of items ? [...anyOf, items] : anyOf) found.push(...undescribed(part, path));
  return found;
}

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('the route %s', (_name, route) => {
  it('names every parameter of its path', () => {
    const named = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(toJson(route.params, 'input').properties ?? {})).toEqual(named);
  });

  it('describes itself and everything that it takes and answers, in a form that OpenAPI can use', () => {
    expect(route.summary).toMatch(/^[A-Z].*\.$/);
    expect(undescribed(toJson(route.params, 'input'))).toEqual([]);
    expect(undescribed(toJson(route.query, 'input'))).toEqual([]);
    if (route.method !== 'GET') expect(undescribed(toJson(route.body, 'input'))).toEqual([]);
    if (route.answer === file) return;
    const answer = toJson(route.answer, 'output');
    expect(answer.properties).toBeDefined();
    expect(undescribed(answer)).toEqual([]);
  });
});
