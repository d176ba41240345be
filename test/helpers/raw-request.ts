import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestServer } from './server.ts';

export interface RawAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface RawRequest {
  /** Sends a piece of the body. */
  write(bytes: string | Uint8Array): void;
  end(bytes?: string): void;
  /** Rejects if the connection ends without an answer. */
  answer: Promise<RawAnswer>;
  /** Resolves when the connection is gone. */
  closed: Promise<void>;
  destroy(): void;
}

/** A request whose body is sent by hand: the headers are sent immediately, and the body may stay unfinished. */
export function openRequest(
  server: Pick<TestServer, 'url'>,
  { path, method = 'POST', headers = {} }: { path: string; method?: string; headers?: Record<string, string> },
): RawRequest {
  const req = request(`${server.url}${path}`, { method, headers, agent: false });
  const closed = new Promise<void>((resolve) => {
    req.once('close', resolve);
  });
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    req.on('error', reject);
    req.on('response', (res) => {
      text(res).then((body) => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }), reject);
    });
  });
  answer.catch(() => {});
  req.flushHeaders();
  return {
    write: (bytes) => void req.write(bytes),
    end: (bytes) => void req.end(bytes),
    answer,
    closed,
    destroy: () => void req.destroy(),
  };
}

/** The start of a form, up to the first bytes of its file. */
export function formStart(fields: Record<string, string>, file: string): string {
  const parts = Object.entries(fields).map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  return `${parts.join('')}--b\r\nContent-Disposition: form-data; name="${file}"; filename="x.webm"\r\n\r\n`;
}

export const FORM = 'multipart/form-data; boundary=b';
