import { type Half, HALVES, isPicture, type Labelled } from './labelled.ts';
import { createPeople } from './people.ts';
import { isSamePhoto, type PhotoPrint, printPhoto, sha256 } from './same-photo.ts';

type Split = Labelled & { half: Half };

/** Two rows that should not both be there, and why. */
interface Leak {
  rows: string;
  line: string;
}

/**
 * What is on both sides of the split between tuning and judging: a person, a clip, or a photo, also one that was only compressed or
 * sized again. Figures about such rows would say how well a detector knows what it was fitted to.
 * @param read the bytes of a file
 * @returns one line per leak, which names both rows
 */
export async function findLeaks(labelled: readonly Labelled[], read: (file: string) => Promise<Uint8Array>): Promise<string[]> {
  const rows = labelled.flatMap((one): Split[] => {
    const half = HALVES.find((name) => name === one.row['split']);
    return half ? [{ ...one, half }] : [];
  });
  if (new Set(rows.map(({ half }) => half)).size < 2) return [];
  const contents = new Map<string, string>();
  const prints = new Map<string, PhotoPrint>();
  for (const file of new Set(rows.flatMap(({ files }) => files))) {
    const content = await read(file);
    contents.set(file, sha256(content));
    // What cannot be decoded is told where it is measured.
    const print = isPicture(file) ? await printPhoto(content).catch(() => null) : null;
    if (print) prints.set(file, print);
  }
  const personOf = createPeople(labelled, new Map([...contents].filter(([file]) => isPicture(file))));
  const isSound = (name: string) => !isPicture(name);
  const leaks = [
    ...sharedPhotos(rows, prints),
    ...sharedBy('clip', rows, ({ clips }) => clips.filter(isSound)),
    ...sharedBy('clip', rows, ({ files, row }) => (row['clip'] ? [] : files.filter(isSound).map((file) => contents.get(file) ?? file))),
    ...sharedBy('person', rows, ({ clips }) => clips.map(personOf)),
  ];
  const told = new Map<string, string>();
  for (const { rows: those, line } of leaks) if (!told.has(those)) told.set(those, line);
  return [...told.values()];
}

function leakOf(what: string, [tune, judge]: readonly [Split, Split], [a, b]: readonly [string, string]): Leak {
  const name = ({ table, line, half }: Split) => `${table} line ${line} (${half})`;
  const those = `${name(tune)} and ${name(judge)}`;
  return { rows: those, line: `the same ${what} is on both sides of the split: ${those}: ${a === b ? a : `${a} and ${b}`}` };
}

/** For each thing on both sides: the first row on either side. */
function sharedBy(what: string, rows: readonly Split[], keysOf: (row: Split) => readonly string[]): Leak[] {
  const first: Record<Half, Map<string, Split>> = { tune: new Map(), judge: new Map() };
  for (const row of rows) for (const key of keysOf(row)) if (!first[row.half].has(key)) first[row.half].set(key, row);
  return [...first.tune].flatMap(([key, tune]) => {
    const judge = first.judge.get(key);
    return judge ? [leakOf(what, [tune, judge], [tune.clips.join(', '), judge.clips.join(', ')])] : [];
  });
}

function sharedPhotos(rows: readonly Split[], prints: ReadonlyMap<string, PhotoPrint>): Leak[] {
  const sideOf = (half: Half) => {
    const side = new Map<string, { row: Split; file: string; print: PhotoPrint }>();
    for (const row of rows) {
      for (const file of row.half === half ? row.files : []) {
        const print = prints.get(file);
        if (print && !side.has(file)) side.set(file, { row, file, print });
      }
    }
    return [...side.values()];
  };
  const judged = sideOf('judge');
  return sideOf('tune').flatMap((tune) =>
    judged
      .filter((judge) => isSamePhoto(tune.print, judge.print))
      .map((judge) => leakOf('photo', [tune.row, judge.row], [tune.file, judge.file])),
  );
}
