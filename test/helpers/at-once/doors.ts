import { type Client as SocketClient, CloseCode } from 'graphql-ws';
import { form } from '../recordings.ts';
import type { TestServer } from '../server.ts';
import type { Viewer } from './school.ts';

export interface Operation {
  query: string;
  variables: Record<string, unknown>;
  /** By path of the variable that it replaces; only for the multipart door. */
  files?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

export interface Answer {
  data?: unknown;
  errors?: readonly { message: string; extensions?: { code?: unknown } }[];
}

/** Where the server can be reached. */
export interface Entrance {
  url: string;
  /** The viewer's own socket, on which its operations run concurrently. */
  socketOf(viewer: Viewer): SocketClient;
}

/** A transport by which an operation reaches the server. */
export interface Door {
  name: string;
  /** GET only allows queries. */
  takesMutations: boolean;
  send(entrance: Entrance, viewer: Viewer, operation: Operation): Promise<Answer>;
}

export function openEntrance(server: TestServer): Entrance {
  const clients = new Map<Viewer, SocketClient>();
  return {
    url: `${server.url}/graphql`,
    socketOf(viewer) {
      let client = clients.get(viewer);
      if (!client) clients.set(viewer, (client = server.subscribe(viewer.credential ?? '')));
      return client;
    },
  };
}

const authorization = ({ credential }: Viewer): Record<string, string> =>
  credential === null ? {} : { authorization: `Bearer ${credential}` };

/** The single result in a stream of server-sent events. */
function readEvents(text: string): Answer {
  const data = /^data: (\{.*\})$/m.exec(text)?.[1];
  if (data === undefined) throw new Error(`no result among the events: ${text}`);
  return JSON.parse(data) as Answer;
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  return response.headers.get('content-type')?.startsWith('text/event-stream') ? readEvents(text) : (JSON.parse(text) as Answer);
}

async function sendForm({ url }: Entrance, viewer: Viewer, { query, variables, files = {} }: Operation): Promise<Answer> {
  const paths = Object.keys(files);
  const map = JSON.stringify(Object.fromEntries(paths.map((path, i) => [`f${i}`, [`variables.${path}`]])));
  const parts = Object.fromEntries(Object.values(files).map((bytes, i) => [`f${i}`, { bytes }]));
  const body = await form({ operations: JSON.stringify({ query, variables }), map, ...parts });
  return readAnswer(await fetch(url, { method: 'POST', headers: authorization(viewer), body }));
}

/** A socket without credentials is closed before it can send anything; that counts as its refusal. */
function refusalOf(error: unknown): Answer | null {
  if (Array.isArray(error)) return { errors: error as NonNullable<Answer['errors']> };
  const { code, reason } = error as { code?: number; reason?: string };
  return code === CloseCode.Unauthorized || code === CloseCode.Forbidden
    ? { errors: [{ message: reason ?? '', extensions: { code: 'UNAUTHORIZED' } }] }
    : null;
}

function sendBySocket({ socketOf }: Entrance, viewer: Viewer, { query, variables }: Operation): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer | null = null;
    const settle = (otherwise: unknown) => (answer ? resolve(answer) : reject(new Error('no answer', { cause: otherwise })));
    socketOf(viewer).subscribe(
      { query, variables },
      {
        next: ({ data, errors }) => {
          answer = { data, ...(errors && { errors }) };
        },
        error: (error) => {
          answer ??= refusalOf(error);
          settle(error);
        },
        complete: () => settle('complete'),
      },
    );
  });
}

async function sendByGet({ url }: Entrance, viewer: Viewer, { query, variables }: Operation): Promise<Answer> {
  const asked = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  return readAnswer(await fetch(`${url}?${asked}`, { headers: { ...authorization(viewer), accept: 'application/json' } }));
}

const post =
  (accept: string, search = '') =>
  async ({ url }: Entrance, viewer: Viewer, { query, variables }: Operation) =>
    readAnswer(
      await fetch(`${url}${search}`, {
        method: 'POST',
        headers: { ...authorization(viewer), accept, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      }),
    );

/** Every transport. Yoga itself answers the Accept header and the URL that our own handling of POST leaves to it. */
export const DOORS: readonly Door[] = [
  { name: 'POST of JSON', takesMutations: true, send: post('application/json') },
  { name: 'POST in words that yoga answers', takesMutations: true, send: post('application/json;q=1.0') },
  { name: 'POST with a query string', takesMutations: true, send: post('application/json', '?x=1') },
  { name: 'POST for an event stream', takesMutations: true, send: post('text/event-stream') },
  { name: 'multipart form', takesMutations: true, send: sendForm },
  { name: 'GET', takesMutations: false, send: sendByGet },
  { name: 'WebSocket', takesMutations: true, send: sendBySocket },
];

export const MUTATION_DOORS = DOORS.filter(({ takesMutations }) => takesMutations);
