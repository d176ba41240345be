import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { type JsonOptions, readJson } from '../src/http/bodies/base64-json.ts';
import type { Body, Call, FileField } from './route.ts';

/** For bodies without images or videos: enough for 100 warnings with long escaped details, or an exam with extra settings. */
const SMALL: JsonOptions = { maxBytes: 2 * 1024 * 1024, maxMembers: 10_000 };
/** For two images of 10 MB in base64, plus the other fields. */
export const IMAGES: JsonOptions = { maxBytes: 30 * 1024 * 1024, maxMembers: 1_000 };

export const JSON_BODY = ['application/json'];
export const FORM = ['multipart/form-data'];

/** Videos are known by their content, whatever type they are sent with. */
export const video = (description: string, { required }: Pick<FileField, 'required'>): FileField => ({
  description,
  mediaTypes: ['video/webm', 'video/mp4'],
  required,
});

export const mediaType = (req: IncomingMessage) => req.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';

export const isMultipart = (req: IncomingMessage) => mediaType(req) === 'multipart/form-data';
export const isJson = (req: IncomingMessage) => mediaType(req) === 'application/json' || mediaType(req).endsWith('+json');

/** A JSON body without files. */
export async function readJsonBody({ req }: Pick<Call, 'req'>, limits = SMALL): Promise<Body<never>> {
  if (!isJson(req)) throw invalidField('Content-Type', 'must be application/json');
  return { fields: await readJson(req, limits), files: {} };
}

/** For a route that takes no body and ignores whatever is sent. Its `run` checks the rights. */
export const NO_BODY = {
  body: z.null(),
  accepts: [],
  admit: () => {},
  read: async (): Promise<Body<never>> => ({ fields: null, files: {} }),
};
