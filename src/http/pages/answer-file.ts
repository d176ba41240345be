import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Encoding, PageFile } from './page-files.ts';

const YEAR_S = 31_536_000;

/** Answers GET and HEAD with a file in memory, in the encoding that the client prefers: 200 or 304. */
export function answerFile(req: IncomingMessage, res: ServerResponse, file: PageFile, more: OutgoingHttpHeaders = {}): void {
  const encoding = chooseEncoding(req.headers['accept-encoding'] ?? '', file.bodies);
  const body = file.bodies.get(encoding) ?? Buffer.alloc(0);
  // One per encoding: a cache must not put together parts of two.
  const etag = `"${file.hash}-${encoding}"`;
  const headers: OutgoingHttpHeaders = {
    ...more,
    'cache-control': file.isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
    vary: [res.getHeader('vary'), 'Accept-Encoding'].flat().filter(Boolean).join(', '),
    etag,
  };
  if (isKnown(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end();
    return;
  }
  res.writeHead(200, {
    ...headers,
    'content-type': file.contentType,
    'content-length': body.length,
    ...(encoding !== 'identity' && { 'content-encoding': encoding }),
  });
  res.end(body);
}

/** Proxies that compress make a tag weak (`W/`), which is no difference here (RFC 9110 section 13.1.2). */
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(etag);
}

/** RFC 9110 section 12.5.3. What is not acceptable in any encoding is sent without one. */
function chooseEncoding(header: string, bodies: PageFile['bodies']): Encoding {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    if (name) weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  // Without a word about it, no encoding is the last choice.
  const weightOf = (name: Encoding) => weights.get(name) ?? weights.get('*') ?? (name === 'identity' ? Number.MIN_VALUE : 0);
  // Sorting is stable: for equal weights the smallest, which comes first, is taken.
  const [best = 'identity'] = [...bodies.keys()].sort((a, b) => weightOf(b) - weightOf(a));
  return weightOf(best) > 0 ? best : 'identity';
}
