import type { IncomingMessage } from 'node:http';
import { finished, type Readable } from 'node:stream';
import busboy from 'busboy';
import { type AppError, invalidField } from '../errors.ts';
import { truncatedBody, whileFlowing } from './body.ts';
import { formatLimit } from './uploaded-file.ts';

/** busboy's own marks (16 KB, 64 KB) cost a third more CPU per byte. */
const BATCH_BYTES = 1024 * 1024;

export interface PartInfo {
  filename: string | undefined;
  mimeType: string;
  /** The transfer encoding as declared. */
  encoding: string;
}

export interface PartHandlers {
  /** What it throws ends the reading. */
  field(name: string, value: string): void;
  /** Must consume or destroy the stream; its rejection ends the reading. */
  file(name: string, stream: Readable, info: PartInfo): Promise<void>;
}

export interface PartLimits {
  /** Bytes of one text field. */
  maxFieldBytes: number;
  maxFields: number;
  maxFiles: number;
  /** Milliseconds without a byte until the client is given up; a minute where not set. */
  idleMs?: number | undefined;
}

/**
 * Hands the parts of a multipart/form-data body to `handlers` as they flow. Resolves when all of them are done.
 * After an error nothing of the request is read any more, but its socket stays usable for an answer.
 * @throws AppError `invalid_request` for a malformed, truncated or too long body; what a handler throws
 */
export async function readParts(req: IncomingMessage, limits: PartLimits, handlers: PartHandlers): Promise<void> {
  const parser = createParser(req, limits);
  const files: Promise<void>[] = [];
  try {
    const parsed = new Promise<void>((resolve, reject) => {
      const attempt = (act: () => void) => {
        try {
          act();
        } catch (error) {
          reject(error);
        }
      };
      parser.on('field', (name: string | undefined, value, { valueTruncated }) => {
        if (valueTruncated)
          reject(invalidField(name ?? 'body', `Field exceeds the maximum allowed (${formatLimit(limits.maxFieldBytes)})`));
        else if (name !== undefined) attempt(() => handlers.field(name, value));
      });
      parser.on('file', (name: string | undefined, stream, info: PartInfo) => {
        // A truncated body otherwise ends the process: by then nobody else may listen.
        stream.on('error', () => {});
        if (name === undefined) {
          stream.resume();
          return;
        }
        const handled = handlers.file(name, stream, info);
        handled.catch(reject);
        files.push(handled);
      });
      parser.on('fieldsLimit', () => reject(invalidField('body', `More than ${limits.maxFields} fields`)));
      parser.on('filesLimit', () => reject(invalidField('body', `More than ${limits.maxFiles} files`)));
      parser.on('partsLimit', () => reject(invalidField('body', 'Too many parts')));
      parser.on('error', (error) => reject(malformed(error)));
      parser.on('close', resolve);
      finished(req, { writable: false }, (error) => error && reject(truncatedBody(error)));
      // Not pipeline(): it would destroy the request, and with it the way back to the client.
      req.pipe(parser);
    });
    await whileFlowing(req, limits.idleMs, () => parsed);
    await Promise.all(files);
  } finally {
    req.unpipe(parser);
    parser.destroy();
    await Promise.allSettled(files);
  }
}

function createParser(req: IncomingMessage, { maxFieldBytes, maxFields, maxFiles }: PartLimits): busboy.Busboy {
  // A field of exactly its limit counts as truncated, and the limit of parts is reported once it is reached.
  const limits = { fieldSize: maxFieldBytes + 1, fields: maxFields, files: maxFiles, parts: maxFields + maxFiles + 1 };
  try {
    return busboy({ headers: req.headers, defParamCharset: 'utf8', highWaterMark: BATCH_BYTES, fileHwm: BATCH_BYTES, limits });
  } catch (error) {
    throw malformed(error);
  }
}

const malformed = (cause: unknown): AppError =>
  cause instanceof Error && cause.message.startsWith('Unexpected end')
    ? truncatedBody(cause)
    : invalidField('body', 'Not valid multipart/form-data', { cause });
