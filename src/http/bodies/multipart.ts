import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import { invalidField } from '../../errors.ts';
import { BoundedBytes, fieldTooLarge } from './body.ts';
import { type PartInfo, readParts } from './parts.ts';
import { describeFile, explainSpoolError, type UploadedFile } from './uploaded-file.ts';

export interface MultipartOptions {
  /** Owns the files that arrive. */
  scope: SpoolScope;
  /** The file fields to read, by name; all others are skipped. */
  files: Record<string, { maxBytes: number }>;
  /** Refuses files of other names instead: they may be evidence. */
  refuseOtherFiles?: boolean;
  /** Text fields that some clients send as files, such as a `Blob`: read as text whatever their type. */
  textFields?: readonly string[];
  /** Maximum bytes of a text field. */
  maxFieldBytes: number;
  maxFields: number;
  /** Checks the fields received before a file, before a byte of the file is stored. Throws to refuse it. */
  admit?(fields: Readonly<Record<string, string>>): Promise<void>;
}

/** Both maps have no prototype, so a field may have any name. */
export interface MultipartBody {
  fields: Record<string, string>;
  files: Record<string, UploadedFile>;
}

/** How many times the length limit of a field all fields together may have. */
const FIELDS_AT_FULL_LENGTH = 2;
/** In addition to the known ones: some clients send more files than needed. */
const SPARE_FILES = 8;

/**
 * Reads multipart/form-data (RFC 7578) with its parts in any order; files are spooled while they arrive.
 * A file part with neither name nor bytes (an empty form input) counts as not sent.
 * After an error answer with `answerEarly`, because the rest of the body was not read.
 * @throws AppError `invalid_request` that names the field, or `body` if it is malformed or truncated
 */
export async function readMultipart(req: IncomingMessage, options: MultipartOptions): Promise<MultipartBody> {
  const { scope, maxFieldBytes, maxFields } = options;
  const limits = new Map(Object.entries(options.files));
  const textFields = new Set(options.textFields);
  const body: MultipartBody = { fields: emptyMap(), files: emptyMap() };
  const seen = new Set<string>();
  const claim = (name: string) => {
    if (seen.has(name)) throw invalidField(name, 'Given more than once');
    seen.add(name);
  };
  /** Names of files that were skipped. */
  const others: string[] = [];
  let fieldLength = 0;
  const keep = (name: string, value: string) => {
    fieldLength += value.length;
    if (fieldLength > FIELDS_AT_FULL_LENGTH * maxFieldBytes) throw invalidField('body', 'The fields together are too long');
    body.fields[name] = value;
  };

  await readParts(
    req,
    { maxFieldBytes, maxFields, maxFiles: limits.size + SPARE_FILES },
    {
      field(name, value) {
        claim(name);
        if (!limits.has(name)) keep(name, value);
        else if (value !== '') throw invalidField(name, 'Must be sent as a file, with a filename');
      },

      async file(name, stream, info) {
        const limit = limits.get(name);
        if (limit) {
          claim(name);
          await options.admit?.(body.fields);
          const file = await spoolPart(scope, name, stream, info, limit.maxBytes);
          if (file) body.files[name] = file;
        } else if (textFields.has(name) || info.mimeType === 'application/json') {
          claim(name);
          keep(name, await readTextPart(name, stream, info, maxFieldBytes));
        } else if (!(await isEmpty(stream))) others.push(name);
      },
    },
  );
  const [other] = others;
  if (options.refuseOtherFiles && other !== undefined)
    throw invalidField(other, `Is none of the files of this request: ${[...limits.keys()].join(', ')}`);
  return body;
}

async function isEmpty(stream: Readable): Promise<boolean> {
  let size = 0;
  for await (const chunk of stream) size += (chunk as Buffer).length;
  return size === 0;
}

async function spoolPart(
  scope: SpoolScope,
  name: string,
  stream: Readable,
  info: PartInfo,
  maxBytes: number,
): Promise<UploadedFile | undefined> {
  try {
    const file = await scope.spool(stream, { maxBytes, releaseChunks: true });
    if (file.size > 0 || info.filename) return describeFile(file, info.filename, info.mimeType);
    await scope.discard(file);
    return undefined;
  } catch (error) {
    throw explainSpoolError(name, error);
  }
}

/** A `Blob` in a `FormData` arrives as a file named `blob`, and Python's `open()` as one of its own name, but are meant as fields. */
async function readTextPart(name: string, stream: Readable, { charset }: PartInfo, maxBytes: number): Promise<string> {
  const bytes = new BoundedBytes(maxBytes, () => fieldTooLarge(name, maxBytes));
  for await (const chunk of stream) bytes.append(chunk as Buffer);
  // Editors begin a file with a byte order mark.
  return bytes.decode(charset).replace(/^\ufeff/, '');
}

const emptyMap = () => Object.create(null) as Record<string, never>;
