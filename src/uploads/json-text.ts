import { JsonText } from '../validation.ts';
import { parseJson } from './body.ts';
import { type JsonLimits, JsonScanner, type ScanHandlers } from './json-scanner.ts';

const MEMBERS_OF_NO_OBJECT = 1_000;

const nothing = () => {};

/** For a scan that takes nothing out. */
export const onlyText = (text: ScanHandlers['text']): ScanHandlers => ({
  text,
  open: nothing,
  piece: nothing,
  close: nothing,
  openRaw: nothing,
  rawPiece: nothing,
});

/** @throws AppError `invalid_request` that names the root's member, or `body`, past a limit */
export const refuseLargeJson = (bytes: Buffer, limits: JsonLimits): void => new JsonScanner({}, onlyText(nothing), limits).push(bytes);

/** JSON that is there whole, held to limits before it is parsed. @throws AppError `invalid_request` */
export function parseScanned(bytes: Buffer, limits: JsonLimits, field = 'body'): unknown {
  refuseLargeJson(bytes, limits);
  return parseJson(bytes, field);
}

/** An object as a `JsonText`; what is no object as it is, for whoever wants one to refuse. @throws AppError `invalid_request` */
export function asJsonText(text: string, field: string): unknown {
  const bytes = Buffer.from(text);
  if (!/^[ \t\r\n]*\{/.test(text)) return parseScanned(bytes, { maxMembers: MEMBERS_OF_NO_OBJECT }, field);
  refuseLargeJson(bytes, { maxMembers: Infinity });
  return new JsonText(text);
}
