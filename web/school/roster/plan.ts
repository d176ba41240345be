import { readTable } from './table.ts';

/** As an invitation takes at once. */
export const MOST_PEOPLE = 5_000;
const LONGEST = { userId: 128, name: 200, group: 100 } as const;
const MOST_MINUTES = 1_440;

const COLUMNS = ['userId', 'name', 'group', 'extraMinutes'] as const;
type Column = (typeof COLUMNS)[number];

/** Somebody to invite; what is left out stays as it is. */
export interface Invited {
  userId: string;
  name?: string;
  group?: string;
  extraMinutes?: number;
}

interface Known {
  userId: string;
  name: string | null;
  group: string | null;
  extraMinutes: number;
}

export type Reason = 'no-id' | 'long-id' | 'long-name' | 'long-group' | 'minutes' | 'twice' | 'letters';

export interface PlannedLine {
  /** Of the file, from 1. */
  line: number;
  kind: 'new' | 'changed' | 'unchanged' | 'bad';
  person: Invited;
  /** Of a bad line. */
  reason: Reason | null;
  /** The line that has the same user, if that is the reason. */
  twin: number | null;
  /** Of a changed one: what it was. */
  before: Known | null;
}

export type ListFault = 'empty' | 'no-user-id' | 'column-twice' | 'quote' | 'too-many';

export interface Plan {
  /** Why the list cannot be sent at all. */
  fault: ListFault | null;
  /** Of an open quote. */
  faultLine: number | null;
  lines: PlannedLine[];
  /** Columns that are not known, which are left out. */
  ignored: string[];
  counts: Record<PlannedLine['kind'], number>;
}

/** `User ID`, `user_id` and `userid` are all meant. */
const plain = (name: string) => name.toLowerCase().replaceAll(/[\s_-]/g, '');
const columnOf = (name: string): Column | null => COLUMNS.find((column) => plain(column) === plain(name)) ?? null;

const nothing = (fault: ListFault, faultLine: number | null = null): Plan => ({
  fault,
  faultLine,
  lines: [],
  ignored: [],
  counts: { new: 0, changed: 0, unchanged: 0, bad: 0 },
});

function reasonOf({ userId, name = '', group = '', extraMinutes }: Invited): Reason | null {
  if (userId === '') return 'no-id';
  if (userId.length > LONGEST.userId) return 'long-id';
  if (name.length > LONGEST.name) return 'long-name';
  if (group.length > LONGEST.group) return 'long-group';
  const isWhole = extraMinutes === undefined || (Number.isInteger(extraMinutes) && extraMinutes >= 0 && extraMinutes <= MOST_MINUTES);
  if (!isWhole) return 'minutes';
  // What another encoding leaves when it is read as UTF-8.
  return /[\0\uFFFD]/.test(userId + name + group) ? 'letters' : null;
}

const differs = (person: Invited, before: Known) =>
  (person.name !== undefined && person.name !== before.name) ||
  (person.group !== undefined && person.group !== before.group) ||
  (person.extraMinutes !== undefined && person.extraMinutes !== before.extraMinutes);

/**
 * What an invitation with this list would do: nothing is sent.
 * @param text CSV, or what a spreadsheet copies; the first line names the columns
 * @param known who is in the exam, by user id
 */
export function planRoster(text: string, known: ReadonlyMap<string, Known>): Plan {
  const { lines: read, openQuote } = readTable(text);
  if (openQuote !== null) return nothing('quote', openQuote);
  const [header, ...rows] = read;
  if (!header) return nothing('empty');
  const columns = header.cells.map(columnOf);
  if (!columns.includes('userId')) return nothing('no-user-id');
  if (columns.some((column, at) => column !== null && columns.indexOf(column) !== at)) return nothing('column-twice');
  if (rows.length === 0) return nothing('empty');

  const counts = { new: 0, changed: 0, unchanged: 0, bad: 0 };
  const lineOf = new Map<string, number>();
  const lines = rows.map(({ line, cells }): PlannedLine => {
    const value = (column: Column) => cells[columns.indexOf(column)] ?? '';
    const [userId, name, group, minutes] = COLUMNS.map(value) as [string, string, string, string];
    const person: Invited = {
      userId,
      ...(name && { name }),
      ...(group && { group }),
      ...(minutes && { extraMinutes: Number(minutes) }),
    };
    const twin = lineOf.get(userId) ?? null;
    const reason = reasonOf(person) ?? (twin === null ? null : 'twice');
    if (reason === null) lineOf.set(userId, line);
    const before = known.get(userId) ?? null;
    const kind = reason !== null ? 'bad' : before === null ? 'new' : differs(person, before) ? 'changed' : 'unchanged';
    counts[kind] += 1;
    return { line, kind, person, reason, twin, before: kind === 'changed' ? before : null };
  });
  const ignored = header.cells.filter((name, at) => columns[at] === null && name !== '');
  const tooMany = counts.new + counts.changed > MOST_PEOPLE;
  return { fault: tooMany ? 'too-many' : null, faultLine: null, lines, ignored, counts };
}

/** Those whom an invitation would add or change. */
export const toSend = ({ lines }: Plan): PlannedLine[] => lines.filter(({ kind }) => kind === 'new' || kind === 'changed');

/** The server's faults, which name places in the list that was sent, by the lines of the file. */
export function faultsByLine(
  details: readonly { field: string; issue: string }[],
  sent: readonly PlannedLine[],
): { line: number | null; field: string; issue: string }[] {
  return details.map(({ field, issue }) => {
    const [, place, rest = ''] = /\[(\d+)\]\.?(.*)$/.exec(field) ?? /^(?:participants\.)?(\d+)\.?(.*)$/.exec(field) ?? [];
    const line = place === undefined ? null : (sent[Number(place)]?.line ?? null);
    return { line, field: line === null ? field : rest, issue };
  });
}
