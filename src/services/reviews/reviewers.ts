import type { Viewer } from '../access/viewer.ts';

/**
 * Who gave a verdict, as stored: `key:` and the id of an API key, `link:` and the name of a personal admin link, `shared:` and the name
 * that the bearer of the shared admin link gave itself, or `shared:` alone without one.
 */
export type Reviewer = string;

const SHARED = 'shared:';

/** Names that look the same are the same: also with characters that show nothing, such as fillers and variation selectors. */
const folded = (name: string) =>
  name
    .normalize('NFKC')
    .replaceAll(/\p{Cf}|\p{Default_Ignorable_Code_Point}/gu, '')
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .toLowerCase();

export function reviewerOf({ keyId, linkId, name, declaredName }: Viewer): Reviewer {
  if (keyId !== null) return `key:${keyId}`;
  return linkId === null ? SHARED + folded(declaredName ?? '') : `link:${folded(name)}`;
}

const nameIn = (reviewer: Reviewer) => reviewer.slice(reviewer.indexOf(':') + 1);

/**
 * Whether two verdicts may be of one person: the same key, the same name by whatever links, or the shared link without a name and with
 * one. Two names that bearers of the shared link gave themselves count as two people, as schools use it; the log shows that they did.
 */
export function mayBeSame(a: Reviewer, b: Reviewer): boolean {
  if (a === b) return true;
  if (a.startsWith('key:') || b.startsWith('key:')) return false;
  const areShared = a.startsWith(SHARED) && b.startsWith(SHARED);
  return nameIn(a) === nameIn(b) || (areShared && (a === SHARED || b === SHARED));
}

/** How many people they are at least. */
export function countPeople(reviewers: readonly Reviewer[]): number {
  const people: Reviewer[] = [];
  // The shared link without a name last, since it may be any of those with one.
  for (const reviewer of [...reviewers].sort((a, b) => Number(a === SHARED) - Number(b === SHARED)))
    if (!people.some((known) => mayBeSame(known, reviewer))) people.push(reviewer);
  return people.length;
}
