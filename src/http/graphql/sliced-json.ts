import { slices } from '../../async/slices.ts';

/** Items of a list that are written in one piece. */
const ITEMS = 50;

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

/** As `JSON.stringify` of the result of an operation, in slices: in one piece, 100 MB take a second. */
export async function stringifyInSlices(result: object, owner: string): Promise<string> {
  const parts: string[] = [];

  async function write(value: unknown): Promise<void> {
    if (slices.isUsedUp) await slices.next(owner);
    if (Array.isArray(value) && value.length > ITEMS) return writeList(value);
    if (isPlain(value)) return writeObject(value);
    parts.push(JSON.stringify(value) ?? 'null');
  }

  async function writeList(list: readonly unknown[]): Promise<void> {
    for (let start = 0; start < list.length; start += ITEMS) {
      if (slices.isUsedUp) await slices.next(owner);
      parts.push(start === 0 ? '[' : ',', JSON.stringify(list.slice(start, start + ITEMS)).slice(1, -1));
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
  return parts.join('');
}
