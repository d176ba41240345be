import type { IncomingMessage } from 'node:http';
import { AppError } from '../src/errors.ts';
import { readJson } from '../src/uploads/base64-json.ts';
import type { Body, Call } from './router.ts';

/** Two images of 10 MB in base64, and room for the rest. */
const MAX_JSON_BYTES = 30 * 1024 * 1024;

const mediaType = (req: IncomingMessage) => req.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';

export const isMultipart = (req: IncomingMessage) => mediaType(req) === 'multipart/form-data';
export const isJson = (req: IncomingMessage) => mediaType(req) === 'application/json' || mediaType(req).endsWith('+json');

/** A JSON body without files. */
export async function readJsonBody({ req }: Call): Promise<Body> {
  if (!isJson(req)) throw new AppError('invalid_request', 'Content-Type must be application/json');
  return { body: await readJson(req, { maxBytes: MAX_JSON_BYTES }), files: {} };
}
