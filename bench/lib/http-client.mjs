import { once } from 'node:events';
import { connect } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

/**
 * The bytes of one request. Made ahead, it costs the client next to nothing to send.
 * @param {{ method?: string, path: string, token?: string | null, body?: unknown, type?: string, accept?: string }} request
 */
export function requestBytes({ method = 'GET', path, token, body, type = 'application/json', accept = 'application/json' }) {
  const payload = body === undefined || Buffer.isBuffer(body) ? (body ?? '') : JSON.stringify(body);
  const head = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Accept: ${accept}`];
  if (token) head.push(`Authorization: Bearer ${token}`);
  if (body !== undefined) head.push(`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(payload)}`);
  const start = Buffer.from(`${head.join('\r\n')}${END_OF_HEAD}`);
  return Buffer.concat([start, Buffer.from(payload)]);
}

function dechunk(body) {
  const parts = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.latin1Slice(at, lineEnd), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** A complete answer, or undefined. */
function parseAnswer(bytes) {
  const headEnd = bytes.indexOf(END_OF_HEAD);
  if (headEnd < 0) return undefined;
  const head = bytes.latin1Slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const body = bytes.subarray(headEnd + END_OF_HEAD.length);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length) ? { status, body } : undefined;
  return bytes.subarray(-LAST_CHUNK.length).latin1Slice() === LAST_CHUNK ? { status, body: dechunk(body) } : undefined;
}

/** A kept connection with one request at a time. */
export async function openConnection(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  /** @type {{ resolve: (answer: { status: number, body: Buffer }) => void, reject: (reason: Error) => void } | null} */
  let pending = null;
  let received = [];
  const fail = (reason) => {
    pending?.reject(new Error(reason));
    pending = null;
  };
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the server closed the connection'));
  socket.on('data', (chunk) => {
    received.push(chunk);
    const answer = parseAnswer(received.length === 1 ? chunk : Buffer.concat(received));
    if (!answer || !pending) return;
    received = [];
    const { resolve } = pending;
    pending = null;
    resolve(answer);
  });
  return {
    request(bytes) {
      return new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(bytes);
      });
    },
    close: () => socket.destroy(),
  };
}

/** Of many connections, so that the system queues them all. */
const OPENED_AT_ONCE = 100;

/** Opens that many connections and keeps them until all are closed together. */
export function createConnector(port) {
  const open = [];
  const connect = async () => {
    const connection = await openConnection(port);
    open.push(connection);
    return connection;
  };
  return {
    connect,
    async connectMany(count) {
      const connections = [];
      while (connections.length < count)
        connections.push(...(await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, count - connections.length) }, connect))));
      return connections;
    },
    close: () => open.forEach((connection) => connection.close()),
  };
}

/** Returns the JSON answer; any status but 200 is an error. */
export async function askJson(connection, bytes) {
  const { status, body } = await connection.request(bytes);
  if (status !== 200) throw new Error(`answered ${status}: ${body.toString()}`);
  return JSON.parse(body.toString());
}

/** A pool of connections; requests wait for a free one. */
export async function openPool(port, size) {
  const connections = await Promise.all(Array.from({ length: size }, () => openConnection(port)));
  const idle = [...connections];
  const waiting = [];
  return {
    async askJson(bytes) {
      /** @type {Awaited<ReturnType<typeof openConnection>>} */
      const connection = idle.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
      try {
        return await askJson(connection, bytes);
      } finally {
        const next = waiting.shift();
        if (next) next(connection);
        else idle.push(connection);
      }
    },
    close: () => connections.forEach((connection) => connection.close()),
  };
}
