import type { IncomingMessage } from 'node:http';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import { fileTooLarge } from '../../errors.ts';
import { readChunks } from './body.ts';
import { PushStream } from './push-stream.ts';
import { describeFile, explainSpoolError, type UploadedFile } from './uploaded-file.ts';

/**
 * Spools a body that is a single file while it arrives. After an error answer with `answerEarly`: the rest was not read.
 * @throws AppError `invalid_request` that names `body`, if it is too large or the client leaves before its end.
 */
export async function readRawBody(
  req: IncomingMessage,
  { scope, maxBytes }: { scope: SpoolScope; maxBytes: number },
): Promise<UploadedFile> {
  if (Number(req.headers['content-length']) > maxBytes) throw fileTooLarge('body', maxBytes);
  // Not the request itself: a failed spool destroys its source, which would close the socket that the answer needs.
  const stream = new PushStream();
  const failure = new AbortController();
  const spooled = scope.spool(stream, { maxBytes, releaseChunks: true }).catch((error: unknown) => {
    throw explainSpoolError('body', error);
  });
  spooled.catch((error: unknown) => failure.abort(error));
  try {
    const take = (bytes: Buffer) => {
      stream.write(bytes);
      return stream.room();
    };
    await readChunks(req, take, { signal: failure.signal });
    stream.end();
    return describeFile(await spooled, undefined, req.headers['content-type']);
  } catch (error) {
    stream.destroy();
    await spooled.catch(() => {});
    throw error;
  }
}

/**
 * Reads a body that is a single small file into memory.
 * @throws AppError `invalid_request` that names `body`, if it is too large or the client leaves before its end.
 */
export async function readSmallBody(req: IncomingMessage, { maxBytes }: { maxBytes: number }): Promise<Buffer> {
  if (Number(req.headers['content-length']) > maxBytes) throw fileTooLarge('body', maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  await readChunks(req, (chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw fileTooLarge('body', maxBytes);
    chunks.push(chunk);
  });
  return Buffer.concat(chunks, size);
}
