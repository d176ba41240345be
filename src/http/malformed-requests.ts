import type { Duplex } from 'node:stream';
import { invalidField } from '../errors.ts';
import type { RequestLog } from '../log.ts';
import { errorAnswer } from './error-answer.ts';

/** By the code of Node's HTTP parser. */
const ISSUES: Readonly<Record<string, { status: string; issue: string }>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', issue: 'are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', issue: 'came too slowly' },
};
const MALFORMED = { status: '400 Bad Request', issue: 'are not valid HTTP' };

/** Answers a request that never became one, in the documented envelope, and closes its socket. */
export function refuseMalformed(error: Error & { code?: string }, socket: Duplex & Answering, named: RequestLog): void {
  // The client is gone, or is being answered: bytes of another answer would become part of that one.
  if (error.code === 'ECONNRESET' || !socket.writable || socket['_httpMessage']?.headersSent) return void socket.destroy();
  const { status, issue } = ISSUES[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify(errorAnswer(invalidField('headers', issue), named).body);
  const headers = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${named.requestId}`,
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

/** How Node notes the answer under way on a socket; its own handler looks there too. */
interface Answering {
  ['_httpMessage']?: { headersSent: boolean } | null;
}
