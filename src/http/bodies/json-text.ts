import { setImmediate } from 'node:timers/promises';
import { JsonText } from '../../validation.ts';
import { parseJson } from './body.ts';
import { type JsonLimits, JsonScanner, type ScanHandlers } from './json-scanner.ts';

const MEMBERS_OF_NO_OBJECT = 1_000;
const TURN_BYTES = 256 * 1024;

const nothing = () => {};

/** Handlers for a scan that extracts nothing. */
export const onlyText = (text: ScanHandlers['text']): ScanHandlers => ({
  text,
  open: nothing,
  piece: nothing,
  close: nothing,
  openRaw: nothing,
  rawPiece: nothing,
});

/** @throws AppError `invalid_request` that names the root's member, or `body`, above a limit */
export const refuseLargeJson = (bytes: Buffer, limits: JsonLimits): void => new JsonScanner({}, onlyText(nothing), limits).push(bytes);

/** Parses complete JSON after checking its limits. @throws AppError `invalid_request` */
export function parseScanned(bytes: Buffer, limits: JsonLimits): unknown {
  refuseLargeJson(bytes, limits);
  return parseJson(bytes, limits.field);
}

/**
 * The JSON of a form field: an object as a `JsonText`, anything else parsed, so that the caller can refuse it. The field is
 * complete and large, so the scan yields to others in between.
 * @throws AppError `invalid_request` that names the field
 */
export async function asJsonText(given: string, field: string): Promise<unknown> {
  const text = given.replace(/^\ufeff/, '');
  const bytes = Buffer.from(text);
  if (!/^[ \t\r\n]*\{/.test(text)) return parseScanned(bytes, { maxMembers: MEMBERS_OF_NO_OBJECT, field });
  const scanner = new JsonScanner({ raw: [field] }, onlyText(nothing), { maxMembers: Infinity, field });
  // Scanned as the same member of a body, so that the same rules apply.
  scanner.push(Buffer.from(`{"${field}":`));
  for (let at = 0; at < bytes.length; at += TURN_BYTES) {
    scanner.push(bytes.subarray(at, at + TURN_BYTES));
    await setImmediate();
  }
  return new JsonText(text);
}
