import { randomUUID } from 'node:crypto';
import { slices } from './async/slices.ts';

/** Cannot be guessed, so no text of a client is taken for it. */
const MARK = `raw ${randomUUID()} `;
const MARKED = new RegExp(`"${MARK}(\\d+)"`);

/** The values that `stringifyRaw` met; null while something else writes JSON. */
let met: RawJson[] | null = null;

/**
 * A JSON value as its text, which is passed on and never parsed: a million different names take `JSON.parse` five seconds, in which
 * nobody else is served. Only `stringifyRaw` writes it as it is; for any other writer it is the parsed value.
 */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    if (!met) return JSON.parse(this.text);
    return `${MARK}${met.push(this) - 1}`;
  }
}

/** As `JSON.stringify`, in pieces, with the text of each `RawJson` as it is. */
export function stringifyRaw(value: unknown): string[] {
  const values: RawJson[] = [];
  met = values;
  try {
    const text = JSON.stringify(value) ?? 'null';
    if (values.length === 0) return [text];
    // Every second piece is the number of a value.
    return text.split(MARKED).map((piece, i) => (i % 2 === 0 ? piece : (values[Number(piece)]?.text ?? 'null')));
  } finally {
    met = null;
  }
}

/** Characters that are looked at in one piece. */
const PIECE = 128 * 1024;
const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];

/** Whether a JSON text has more levels of nesting. Done in slices, of which the owner takes its turn. */
export async function isDeeper(text: string, levels: number, owner: string): Promise<boolean> {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    if (at % PIECE === 0 && slices.isUsedUp) await slices.next(owner);
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}
