import { slices } from '../../async/slices.ts';
import { stringifyRaw } from '../../raw-json.ts';

/** Items of a list that are written in one piece. */
const ITEMS = 50;

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

/** The pieces of the JSON of an operation's result, made in slices: in one piece, 100 MB take a second. */
export async function stringifyInSlices(result: object, owner: string): Promise<string[]> {
  const parts: string[] = [];

  async function write(value: unknown): Promise<void> {
    if (slices.isUsedUp) await slices.next(owner);
    if (Array.isArray(value) && value.length > ITEMS) return writeList(value);
    if (isPlain(value)) return writeObject(value);
    parts.push(...stringifyRaw(value));
  }

  async function writeList(list: readonly unknown[]): Promise<void> {
    for (let start = 0; start < list.length; start += ITEMS) {
      if (slices.isUsedUp) await slices.next(owner);
      // Without the brackets of the part.
      const [first = '', ...rest] = stringifyRaw(list.slice(start, start + ITEMS));
      const pieces = [first.slice(1), ...rest];
      pieces.push((pieces.pop() ?? '').slice(0, -1));
      parts.push(start === 0 ? '[' : ',', ...pieces);
    }
    parts.push(']');
  }

  async function writeObject(object: Readonly<Record<string, unknown>>): Promise<void> {
    let separator = '{';
    for (const name in object) {
      if (object[name] === undefined) continue;
      parts.push(separator, JSON.stringify(name), ':');
      separator = ',';
      await write(object[name]);
    }
    parts.push(separator === '{' ? '{}' : '}');
  }

  await write(result);
  return parts;
}
