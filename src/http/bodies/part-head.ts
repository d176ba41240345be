import { invalidField } from '../../errors.ts';
import { MultipartError } from './multipart-scanner.ts';

/** The information in a part's headers. */
export interface PartHead {
  name: string | undefined;
  /** As sent, including any path. An empty one, as from an empty form input, counts as none. */
  filename: string | undefined;
  /** Whether it must be read as bytes: it has a filename, which may be empty, or a type that is no text. */
  isFile: boolean;
  /** `type/subtype` in lower case; `text/plain` if none is declared (RFC 7578 section 4.4). */
  mimeType: string;
  /** Charset of a text field. */
  charset: string;
  /** The declared transfer encoding: one that changes nothing. Senders must not use others (RFC 7578 section 4.7). */
  encoding: string;
}

const TOKEN = String.raw`[!#$%&'*+.^\`|~\w-]+`;
// oxlint-disable-next-line no-control-regex -- the pattern is meant to exclude them
const FIELD = new RegExp(String.raw`^(${TOKEN}):[ \t]*([\x21-\x7e\x80-\uffff][\t\x20-\x7e\x80-\uffff]*)?$`);
// Values without quotes may have any character but a quote: some senders forget the quotes of a name or of a boundary.
const parameter = (quoted: string) => new RegExp(String.raw`[ \t]*;[ \t]*(${TOKEN})[ \t]*=[ \t]*(?:"(${quoted})"|([^";]+))`, 'y');
/** As RFC 2045 says. */
const PARAMETER = parameter(String.raw`[^"\\]*(?:\\.[^"\\]*)*`);
/** As browsers write them: a backslash is no escape, not even before the closing quote. */
const BROWSER_PARAMETER = parameter('[^"]*');
const MEDIA_TYPE = new RegExp(String.raw`^(${TOKEN}/${TOKEN})[ \t]*(?=;|$)`);
const FORM_DATA = /^form-data[ \t]*(?=;|$)/i;
const PLAIN_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);
const BINARY = /^(?:video|audio|image)\/|^application\/octet-stream$/;
const EXTENDED = /^(utf-8|iso-8859-1)'[^']*'((?:[^%]|%[\da-f]{2})*)$/i;
/** How browsers write three characters of a name (HTML, section 4.10.21.8). */
const ESCAPED_BY_BROWSERS = /%(?:22|0D|0A)/gi;

/**
 * Reads the headers of a multipart/form-data part: RFC 7578, plus the variants of browsers and older clients (raw UTF-8 names,
 * `%22` for a quote, RFC 5987's `filename*`).
 * @returns null if it is not a part of a form and must be skipped
 * @throws MultipartError
 * @throws AppError `invalid_request` that names a part with an encoding
 */
export function parsePartHead(block: Buffer): PartHead | null {
  const fields = new Map<string, string>();
  // A line that begins with white space continues the previous one.
  for (const line of splitLines(block.toString('utf8').replace(/\r\n(?=[ \t])/g, ''))) {
    const [, name = '', value = ''] = FIELD.exec(line) ?? malformed();
    const key = name.toLowerCase();
    if (!fields.has(key)) fields.set(key, value);
  }
  const disposition = fields.get('content-disposition') ?? '';
  const [formData] = FORM_DATA.exec(disposition) ?? [];
  if (formData === undefined) return null;
  const about = parseParameters(disposition, formData.length) ?? malformed();
  const { mimeType, charset } = parseContentType(fields.get('content-type') ?? '');
  const name = unescape(about.get('name')) || undefined;
  const encoding = (fields.get('content-transfer-encoding') ?? '7bit').toLowerCase();
  if (!PLAIN_ENCODINGS.has(encoding))
    throw invalidField(name ?? 'body', `Must be sent as it is, not with Content-Transfer-Encoding ${encoding}`);
  return {
    name,
    filename: (decodeExtended(about.get('filename*')) ?? unescape(about.get('filename')) ?? about.get('filename*')) || undefined,
    isFile: about.has('filename') || about.has('filename*') || BINARY.test(mimeType),
    mimeType,
    charset,
    encoding,
  };
}

/** The boundary from a request's Content-Type; undefined if that is not multipart/form-data or has none. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const [whole = '', type] = MEDIA_TYPE.exec(contentType ?? '') ?? [];
  if (type?.toLowerCase() !== 'multipart/form-data') return undefined;
  const boundary = parseParameters(contentType ?? '', whole.length)?.get('boundary');
  // RFC 2046 allows 1 to 70 characters; some clients use more.
  return boundary && boundary.length <= 256 ? boundary : undefined;
}

const splitLines = (text: string) => (text === '' ? [] : text.split('\r\n'));

function parseContentType(value: string): { mimeType: string; charset: string } {
  const [whole = '', type = 'text/plain'] = MEDIA_TYPE.exec(value) ?? [];
  return { mimeType: type.toLowerCase(), charset: parseParameters(value, whole.length)?.get('charset') ?? 'utf-8' };
}

/** The parameters from `at` to the end, the first of each name; null if they are malformed. */
const parseParameters = (value: string, at: number): Map<string, string> | null =>
  parseAs(PARAMETER, value, at) ?? parseAs(BROWSER_PARAMETER, value, at);

function parseAs(pattern: RegExp, value: string, at: number): Map<string, string> | null {
  const found = new Map<string, string>();
  const end = withoutTrailing(value);
  for (let next = at; next < end; next = pattern.lastIndex) {
    pattern.lastIndex = next;
    const [, name, quoted, token = ''] = pattern.exec(value) ?? [];
    if (name === undefined) return null;
    const key = name.toLowerCase();
    // Other backslashes belong to a path, as sent by old browsers.
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(["\\])/g, '$1') ?? token.trimEnd());
  }
  return found;
}

/** The length without white space and semicolons at the end. Not by a pattern: that would take seconds for 16 KB of spaces. */
function withoutTrailing(value: string): number {
  let end = value.length;
  while (end > 0 && ' \t;'.includes(value.charAt(end - 1))) end -= 1;
  return end;
}

const unescape = (name: string | undefined) =>
  name?.replace(ESCAPED_BY_BROWSERS, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));

function decodeExtended(value: string | undefined): string | undefined {
  const [, charset = '', encoded] = EXTENDED.exec(value ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return charset.toLowerCase() === 'utf-8' ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

function malformed(): never {
  throw new MultipartError('the headers of a part are malformed');
}
