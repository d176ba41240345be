import { expect } from 'vitest';
import { createExam } from './exam.ts';
import { ADMIN_KEY, type TestServer } from './server.ts';

/** A minimal tus client for one user's webcam recordings, with plain HTTP requests. */
export const tusHeaders = (credential = ADMIN_KEY) => ({ authorization: `Bearer ${credential}`, 'tus-resumable': '1.0.0' });

/** Starts an upload for a new exam without analysis; returns its path. */
export async function beginUpload(server: TestServer, bytes: number, credential = ADMIN_KEY): Promise<{ path: string; examId: string }> {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } }, credential);
  const metadata = Object.entries({ examId, userId: 'user_1', type: 'webcam' });
  const response = await fetch(`${server.api}/uploads`, {
    method: 'POST',
    headers: {
      ...tusHeaders(credential),
      'upload-length': String(bytes),
      'upload-metadata': metadata.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(','),
    },
  });
  expect(response.status).toBe(201);
  return { path: new URL(response.headers.get('location') ?? '', `${server.api}/uploads`).pathname, examId };
}

interface PatchOptions {
  headers?: Record<string, string>;
  credential?: string;
}

export const patch = (
  server: TestServer,
  path: string,
  offset: number,
  body: Uint8Array | ReadableStream,
  { headers, credential }: PatchOptions = {},
) =>
  fetch(`${server.url}${path}`, {
    method: 'PATCH',
    headers: {
      ...tusHeaders(credential),
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
      ...headers,
    },
    body: body instanceof ReadableStream ? body : new Uint8Array(body),
    duplex: 'half',
  } as RequestInit);

/** A PATCH whose bytes are sent as they are fed to it. */
export function flowingPatch(server: TestServer, path: string, offset: number) {
  let feed = (_bytes: Uint8Array | null) => {};
  const flowing = new ReadableStream({
    start(out) {
      feed = (bytes) => (bytes ? out.enqueue(bytes) : out.close());
    },
  });
  const answer = patch(server, path, offset, flowing);
  answer.catch(() => {});
  return { answer, feed };
}

export const askUpload = (server: TestServer, path: string, credential = ADMIN_KEY) =>
  fetch(`${server.url}${path}`, { method: 'HEAD', headers: tusHeaders(credential) });

export const offsetOf = async (server: TestServer, path: string) => Number((await askUpload(server, path)).headers.get('upload-offset'));

/** The stored bytes of the recording named in an answer. */
export async function downloaded(server: TestServer, finished: Response): Promise<Buffer> {
  expect([200, 204]).toContain(finished.status);
  const id = finished.headers.get('x-recording-id') ?? '';
  return Buffer.from(await (await server.rest(`/recordings/${id}/download`)).arrayBuffer());
}
