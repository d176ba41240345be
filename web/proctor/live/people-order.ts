import { attentionOf, hasLeft, isInside, isOffline, nameOf, type Person, type Status } from '../session/model.ts';

export const ORDERS = ['attention', 'name', 'group'] as const;
export type Order = (typeof ORDERS)[number];

/** Which people are shown. What is null or empty fits everybody. */
export interface PeopleFilter {
  search: string;
  /** `inside`, `missing` and `left` are several statuses, as a proctor thinks of them. */
  state: 'all' | 'inside' | 'missing' | 'left' | Status;
  group: string | null;
  /** Only these groups, as those of one proctor; null for all. */
  share: readonly string[] | null;
  review: Person['review'] | null;
}

export const EVERYBODY: PeopleFilter = { search: '', state: 'all', group: null, share: null, review: null };

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function isInState(person: Person, state: PeopleFilter['state']): boolean {
  switch (state) {
    case 'all':
      return true;
    case 'inside':
      return isInside(person);
    case 'missing':
      return person.status === 'INVITED' || isOffline(person);
    case 'left':
      return hasLeft(person);
    default:
      return person.status === state;
  }
}

export function fits(person: Person, { search, state, group, share, review }: PeopleFilter): boolean {
  const text = search.trim().toLocaleLowerCase();
  return (
    isInState(person, state) &&
    (group === null || person.group === group) &&
    (share === null || (person.group !== null && share.includes(person.group))) &&
    (review === null || person.review === review) &&
    (text === '' || nameOf(person).toLocaleLowerCase().includes(text) || person.userId.toLocaleLowerCase().includes(text))
  );
}

/** The people that fit, as user ids, in an order. */
export function orderPeople(people: Iterable<Person>, filter: PeopleFilter, order: Order): string[] {
  const found = [...people].filter((person) => fits(person, filter)).map((person) => ({ person, rank: rankOf(person, order) }));
  found.sort(
    (a, b) =>
      collator.compare(String(a.rank), String(b.rank)) ||
      collator.compare(nameOf(a.person), nameOf(b.person)) ||
      (a.person.userId < b.person.userId ? -1 : 1),
  );
  return found.map(({ person }) => person.userId);
}

function rankOf(person: Person, order: Order): number | string {
  if (order === 'attention') return attentionOf(person);
  return order === 'group' ? (person.group ?? '') : 0;
}
