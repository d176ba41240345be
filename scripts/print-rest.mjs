// The tables of docs/rest.md, made from the declared routes.
import { z } from 'zod';

const KINDS = { 'date-time': 'time', binary: 'file' };

/** A schema without its null alternative. */
function unwrap(schema) {
  const { anyOf, ...rest } = schema;
  if (!anyOf) return schema;
  const [only, ...others] = anyOf.filter(({ type }) => type !== 'null');
  return others.length === 0 && only ? { ...only, ...rest } : schema;
}

const isNullable = ({ type, anyOf }) =>
  (Array.isArray(type) && type.includes('null')) || Boolean(anyOf?.some((one) => one.type === 'null'));

function range(least, most, unit = '') {
  if (least === undefined && most === undefined) return '';
  if (least === undefined) return `, at most ${group(most)}${unit}`;
  return most === undefined ? `, at least ${group(least)}${unit}` : `, ${group(least)} to ${group(most)}${unit}`;
}

const group = (number) => (Math.abs(number) > 1e15 ? '' : number.toLocaleString('en-US'));

function kindOf(schema) {
  const { type, format, items, enum: names, const: constant } = schema;
  if (constant !== undefined) return `\`${constant}\``;
  if (names) return names.map((name) => `\`${name}\``).join(', ');
  const name = Array.isArray(type) ? type.find((one) => one !== 'null') : type;
  if (name === 'array')
    return `array${range(schema.minItems, schema.maxItems)}${items?.properties ? '' : ` of ${kindOf(unwrap(items ?? {}))}`}`;
  if (name === 'string') return KINDS[format] ?? `string${range(schema.minLength, schema.maxLength, ' characters')}`;
  if (name === 'integer' || name === 'number')
    return `${name === 'integer' ? 'whole number' : 'number'}${range(schema.minimum, schema.maximum)}`;
  return name ?? 'any';
}

/** One row per member, those of objects and arrays with the path to them. */
function rowsOf({ properties = {}, required = [] }, { prefix = '', isInput }) {
  return Object.entries(properties).flatMap(([name, declared]) => {
    const schema = unwrap(declared);
    const path = `${prefix}${name}`;
    const always = required.includes(name);
    const presence = isInput ? (always ? 'required' : '') : always ? '' : 'not always';
    const nullable = isNullable(declared) && !isInput ? ', or null' : '';
    const fallback = schema.default === undefined ? '' : ` Default: ${schema.default}.`;
    const own = `| \`${path}\` | ${kindOf(schema)}${nullable} | ${presence} | ${schema.description ?? ''}${fallback} |`;
    const inner = schema.items ? unwrap(schema.items) : schema;
    return [own].concat(rowsOf(inner, { prefix: `${path}${schema.items ? '[]' : ''}.`, isInput }));
  });
}

function table(title, schema, isInput) {
  const rows = rowsOf(schema, { isInput });
  return rows.length === 0 ? [] : ['', `| ${title} | | | |`, '| --- | --- | --- | --- |', ...rows];
}

const toJson = (schema, io) => z.toJSONSchema(schema, { io, unrepresentable: 'any' });

/** A member that stands for itself, such as a file, has no properties. */
function answerOf(answer) {
  const schema = toJson(answer, 'output');
  return schema.format === 'binary' ? ['', 'Answers with a file, see [Files](#files).'] : table('answer', schema, false);
}

function bodyOf({ accepts, body, files }) {
  if (!accepts) return [];
  if (accepts.length === 0) return ['', 'Takes no body; what is sent is ignored.'];
  const rows = Object.entries(files).map(([name, { description, mediaTypes, required }]) => {
    const place = name === 'body' ? 'the body itself' : `\`${name}\``;
    return `| ${place} | file, ${mediaTypes.join(' or ')} | ${required ? 'required' : ''} | ${description} |`;
  });
  const fields = table('body', toJson(body, 'input'), true);
  const head = fields.length === 0 && rows.length > 0 ? ['', '| body | | | |', '| --- | --- | --- | --- |'] : fields;
  return ['', `Body: ${accepts.map((type) => `\`${type}\``).join(' or ')}.`, ...head, ...rows];
}

/** @param {readonly any[]} routes */
export function printRest(routes) {
  return routes
    .map((route) => {
      const path = route.path.replace(/:(\w+)/g, '{$1}');
      const open = route.open ? ['', 'Works without credentials if `sig` is valid.'] : [];
      return [
        `### ${route.method} ${path}`,
        '',
        route.summary,
        ...open,
        ...table('path', toJson(route.params, 'input'), true),
        ...table('query', toJson(route.query, 'input'), true),
        ...bodyOf(route),
        ...answerOf(route.answer),
        '',
      ].join('\n');
    })
    .join('\n');
}
