import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function post(body: unknown, accept: string | undefined, credential: string | null = ADMIN_KEY) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(accept && { accept }),
      ...(credential && { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  // Of each answer its own.
  const shown = text.replace(/"requestId":"[^"]+"/, '"requestId":""');
  return { status: response.status, type: response.headers.get('content-type'), body: shown };
}

/** Asks for the same in words of its own, so that the answer is yoga's. */
const inOtherWords = (accept: string | undefined) => `${accept ?? '*/*'};q=1.0`;

const ACCEPTS = [
  undefined,
  '*/*',
  'application/json',
  'application/json, text/plain, */*',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json',
  'application/graphql-response+json, application/json;q=0.9',
  'application/graphql-response+json; charset=utf-8, application/json; charset=utf-8',
];

const BODIES: [string, unknown][] = [
  ['a query', { query: '{ warningTypes { type } }' }],
  [
    'one operation out of several',
    { query: 'query A { warningTypes { type } } query B { __typename }', operationName: 'B', variables: null },
  ],
  ['a query for an object that does not exist', { query: 'query ($id: ID!) { exam(id: $id) { id } }', variables: { id: 'exam_unknown' } }],
  ['a mutation that fails', { query: 'mutation { endExam(examId: "exam_unknown") { id } }' }],
  ['a failure next to data', { query: '{ warningTypes { type } exam(id: "\\u0000") { id } }' }],
  ['a variable of the wrong type', { query: 'query ($id: ID!) { exam(id: $id) { id } }', variables: { id: {} } }],
  ['an unknown operation name', { query: 'query A { __typename }', operationName: 'B' }],
  ['an unknown field', { query: '{ nothing }' }],
  ['no query', {}],
  ['variables that are a list', { query: '{ __typename }', variables: [] }],
  ['an unknown parameter', { query: '{ __typename }', extra: 1 }],
  ['a subscription', { query: 'subscription { warningAdded(examId: "exam_unknown") { id } }' }],
];

describe('a POST of an operation', () => {
  it.each(BODIES)('with %s gets the same answer however its client writes the Accept header', async (_what, body) => {
    for (const accept of ACCEPTS) {
      expect(await post(body, accept), accept).toEqual(await post(body, inOtherWords(accept)));
    }
  });

  it('without credentials is answered with UNAUTHORIZED', async () => {
    const refused = await post({ query: '{ exams { edges { node { id } } } }' }, undefined, null);
    expect(refused).toEqual(await post({ query: '{ exams { edges { node { id } } } }' }, inOtherWords(undefined), null));
    expect(JSON.parse(refused.body)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHORIZED' } }] });
  });

  it('says nothing about the database when that refuses a text', async () => {
    const { status, body } = await post({ query: '{ exam(id: "\\u0000") { id } }' }, undefined);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ data: { exam: null }, errors: [{ extensions: { code: 'INVALID_REQUEST' } }] });
    expect(body).not.toMatch(/0x00|encoding|prisma/i);
  });
});
