import { Base64Error } from '../../encoding/base64-decoder.ts';
import { decodeDataUrl } from '../../encoding/data-url.ts';
import { invalidField } from '../../errors.ts';

/** Of a picture of a face. */
export const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
/** An image of the largest size, in base64 with escapes and line breaks. */
const MOST_TEXT_BYTES = 1.1 * MAX_IMAGE_BYTES;

/** An encoded picture from its data URL or base64. @throws AppError `invalid_request` that names the field */
export function decodeImage(value: string, field: string): Uint8Array {
  if (value.length * 0.75 > MOST_TEXT_BYTES) throw imageTooLarge(field);
  const bytes = decode(value, field);
  if (bytes.length > MAX_IMAGE_BYTES) throw imageTooLarge(field);
  return bytes;
}

function decode(value: string, field: string): Buffer {
  try {
    return decodeDataUrl(value);
  } catch (error) {
    throw error instanceof Base64Error ? invalidField(field, 'Must be a base64 image', { cause: error }) : error;
  }
}

const imageTooLarge = (field: string) => invalidField(field, 'Image size exceeds the maximum allowed (10MB)');
