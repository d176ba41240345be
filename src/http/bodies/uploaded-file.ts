import { type SpooledFile, StorageFullError, TooLargeError } from '../../adapters/storage/storage.ts';
import { AppError, fileTooLarge } from '../../errors.ts';

/** A spooled file with its sender's description, which must not be trusted. */
export interface UploadedFile extends SpooledFile {
  /** A base name without control characters, if one was given. */
  readonly filename: string | undefined;
  /** `type/subtype` without parameters, in lower case. */
  readonly mimeType: string;
}

const MAX_FILENAME = 255;
const MIME_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;

export function describeFile(file: SpooledFile, filename: string | undefined, mimeType: string | undefined): UploadedFile {
  const type = mimeType?.split(';')[0]?.trim().toLowerCase() ?? '';
  return { ...file, filename: cleanFilename(filename), mimeType: MIME_TYPE.test(type) ? type : 'application/octet-stream' };
}

function cleanFilename(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const base = name.split(/[/\\]/).at(-1) ?? '';
  // Cut first: a cut may leave half a surrogate pair.
  return base.slice(0, MAX_FILENAME).replace(/[\p{Cc}\p{Cs}]/gu, '') || undefined;
}

/** A 400 for a file above its limit, a 500 for a full disk; any other error is returned unchanged. */
export function explainSpoolError(field: string, error: unknown): unknown {
  if (error instanceof TooLargeError) return fileTooLarge(field, error.maxBytes);
  if (error instanceof StorageFullError) {
    return new AppError('server_error', "The server's storage is full; nothing from this request was kept", [], { cause: error });
  }
  return error;
}
