import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Storage } from '../adapters/storage/storage.ts';

export interface StoredFile {
  storage: Storage;
  key: string;
  /** Bytes. */
  size: number;
  /** A strong ETag without quotes, such as the SHA-256. */
  etag: string;
  contentType: string;
  lastModified: Date;
  /** The name under which a browser saves the file. */
  filename?: string;
  /** Default: `attachment`. */
  disposition?: 'inline' | 'attachment';
}

/** Bytes `start` to `end`, both inclusive. */
interface ByteRange {
  start: number;
  end: number;
}

/**
 * Answers GET or HEAD with a stored file, seekable (RFC 9110 sections 13 and 14): 200, 206 for a single range, 304, 416.
 * A request for several ranges gets the whole file, as the RFC permits. 302 if the storage has its own URL for the file. Headers
 * that were set before are sent too. Resolves when everything is sent or the client has gone.
 * @throws if the bytes are missing, before anything is sent; if reading fails later, after cutting the connection
 */
export async function sendFile(req: IncomingMessage, res: ServerResponse, file: StoredFile): Promise<void> {
  const headers = fileHeaders(file);
  if (isUnchanged(req, file)) {
    res.writeHead(304, { etag: headers.etag, 'last-modified': headers['last-modified'] }).end();
    return;
  }
  const { key, contentType } = file;
  const elsewhere = req.method === 'GET' && (await file.storage.signedUrl(key, { contentType, disposition: contentDisposition(file) }));
  if (elsewhere) {
    res.writeHead(302, { location: elsewhere, 'cache-control': 'no-store', 'content-length': 0 }).end();
    return;
  }

  const range = requestedRange(req, file);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'accept-ranges': 'bytes', 'content-range': `bytes */${file.size}`, 'content-length': 0 }).end();
    return;
  }

  const length = range ? range.end - range.start + 1 : file.size;
  headers['content-length'] = length;
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end}/${file.size}`;
  if (req.method === 'HEAD' || length === 0) {
    res.writeHead(200, headers).end();
    return;
  }

  await send(file, range ?? { start: 0, end: file.size - 1 }, res, () => res.writeHead(range ? 206 : 200, headers).flushHeaders());
}

/** Each piece is sent before the next one is read. A client that leaves or seeks elsewhere is not a failure. */
async function send({ storage, key }: StoredFile, range: ByteRange, res: ServerResponse, begin: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    res.once('close', resolve);
  });
  let isGone = false;
  try {
    await storage.handOver(key, range, (piece, next) => {
      if (!res.headersSent) begin(); // may throw, while another answer is still possible
      // Directly to the socket, because the response does more work per write; unless another response is still ahead of it.
      (res.socket ?? res).write(piece, (failure) => {
        isGone = failure instanceof Error;
        next(failure);
      });
    });
    res.end();
    await closed;
  } catch (error) {
    if (isGone) return;
    if (res.headersSent) res.destroy();
    throw error;
  }
}

function fileHeaders(file: StoredFile): OutgoingHttpHeaders {
  return {
    'accept-ranges': 'bytes',
    'content-type': file.contentType,
    'content-disposition': contentDisposition(file),
    etag: `"${file.etag}"`,
    'last-modified': file.lastModified.toUTCString(),
    // The file is untrusted: a browser must not interpret it as a page.
    'x-content-type-options': 'nosniff',
  };
}

/** RFC 6266: an ASCII name for old clients, the real one in UTF-8. */
function contentDisposition({ disposition = 'attachment', filename }: StoredFile): string {
  if (!filename) return disposition;
  const plain = filename.replace(/[^\x20-\x7e]|["\\/%]/g, '_');
  // Via UTF-8, because encodeURIComponent throws on half a surrogate pair.
  const exact = encodeURIComponent(Buffer.from(filename).toString()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function isUnchanged(req: IncomingMessage, file: StoredFile): boolean {
  const known = req.headers['if-none-match'];
  if (known !== undefined) {
    return known.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${file.etag}"`);
  }
  const since = Date.parse(req.headers['if-modified-since'] ?? '');
  return wholeSeconds(file.lastModified) <= since;
}

/** `undefined` if the whole file must be sent. */
function requestedRange(req: IncomingMessage, file: StoredFile): ByteRange | 'unsatisfiable' | undefined {
  const header = req.headers.range;
  if (req.method !== 'GET' || header === undefined || !isSameVersion(req, file)) return undefined;
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header);
  if (!match) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? undefined : suffix(Number(last), file.size);
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= file.size) return 'unsatisfiable';
  return { start, end: last === '' ? file.size - 1 : Math.min(Number(last), file.size - 1) };
}

function suffix(length: number, size: number): ByteRange | 'unsatisfiable' {
  return length === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size - 1 };
}

/** If-Range: a part is only useful to a client that has the rest of the same version. */
function isSameVersion(req: IncomingMessage, file: StoredFile): boolean {
  const held = req.headers['if-range'];
  if (typeof held !== 'string') return true;
  return held.startsWith('"') ? held === `"${file.etag}"` : Date.parse(held) === wholeSeconds(file.lastModified);
}

/** HTTP dates have no fractions of a second. */
const wholeSeconds = (date: Date) => Math.floor(date.getTime() / 1000) * 1000;
