import type { Labelled } from './labelled.ts';

/** Who is in a file or clip, as far as the labels say; what shows one person gets the same name. */
export type PersonOf = (file: string) => string;

/**
 * Files are of one person if a pair says so, or if their rows have the same `person`; the same bytes show the same person too.
 * @param contents names of the content of files
 */
export function createPeople(
  labelled: readonly Pick<Labelled, 'clips' | 'row'>[],
  contents: ReadonlyMap<string, string> = new Map(),
): PersonOf {
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let above = parent.get(root); above !== undefined; above = parent.get(root)) root = above;
    return root;
  };
  const join = (a: string, b: string) => {
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one !== other) parent.set(one, other);
  };
  for (const [file, content] of contents) join(file, `bytes ${content}`);
  for (const { clips, row } of labelled) {
    const [a = '', b] = clips;
    if (b !== undefined && row['same'] === '1') join(a, b);
    if (b === undefined && row['person']) join(a, `person ${row['person']}`);
  }
  return rootOf;
}
