import { GraphQLClient } from 'graphql-request';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** The server's doors, as clients use them. @param key admin or LMS key: the credential where none is given */
export function connect(url, key) {
  const live = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 3,
  });
  const request = async (path, init, credential) => {
    const response = await fetch(`${url}/api${path}`, { ...init, headers: { authorization: `Bearer ${credential}`, ...init.headers } });
    const body = await response.json();
    if (response.ok) return body;
    const details = body.error.details.map(({ field, issue }) => `${field} ${issue}`).join('; ');
    throw new Error(`${path}: ${body.error.message} ${details}`.trimEnd());
  };
  return {
    url,
    live,
    /** GraphQL over HTTP. @returns {Promise<any>} */
    ask: (document, variables = {}, credential = key) =>
      new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${credential}` } })
        .request(document, variables)
        .catch((error) => {
          throw toError(error);
        }),
    /** @returns {Promise<any>} */
    get: (path, credential = key) => request(path, {}, credential),
    /** @returns {Promise<any>} */
    post: (path, body, credential = key) =>
      request(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }, credential),
    /** @returns {Promise<any>} */
    send: (method, path, type, body, credential = key) => request(path, { method, body, headers: { 'content-type': type } }, credential),
  };
}

/** @typedef {ReturnType<typeof connect>} Api */

/** The first error of an answer, with its code. */
function toError(error) {
  const [first] = error.response?.errors ?? [];
  return first ? Object.assign(new Error(first.message), { code: first.extensions?.code }) : error;
}

/** @param {unknown} holds @param {string} sentence what the server should have done */
export function check(holds, sentence) {
  if (!holds) throw new Error(`the server answered otherwise than expected: ${sentence}`);
}

/** Checks that the server refuses. @param {string} sentence what should be refused @returns the reason it gave */
export async function refused(asked, code, sentence) {
  const error = await asked.then(
    () => null,
    (error) => error,
  );
  check(error, `${sentence} should be refused`);
  check(error.code === code, `${sentence} should be refused as ${code}, not: ${error.message}`);
  return error.message;
}

/** The signed token in the fragment of a link. */
export const tokenIn = (link) => new URL(link).hash.replace('#t=', '');
