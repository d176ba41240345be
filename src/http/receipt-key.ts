import type { IncomingMessage, ServerResponse } from 'node:http';
import { RECEIPT_KEY_PATH } from '../services/receipts/receipt-key.ts';

/** Answers GET and HEAD for the public key of receipts; anybody may have it, from any page. @returns false for anything else */
export function answerReceiptKey(req: IncomingMessage, res: ServerResponse, path: string, jwk: object): boolean {
  if (path !== RECEIPT_KEY_PATH || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
  const body = JSON.stringify(jwk);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'public, max-age=3600',
    'access-control-allow-origin': '*',
  };
  res.writeHead(200, headers).end(body);
  return true;
}
