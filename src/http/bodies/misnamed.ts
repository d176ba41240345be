import { invalidField } from '../../errors.ts';

/** `warnings[]` and `warnings[0][type]` of PHP are `warnings`, as are `Warnings` and `WARN_INGS`. */
const plain = (name: string) =>
  name
    .replace(/\[.*/s, '')
    .replaceAll(/[_\s-]/g, '')
    .toLowerCase();

/**
 * Refuses a member or field whose name is a known one, written otherwise: it is meant to be read, and would be ignored.
 * @throws AppError `invalid_request` that names it as the client wrote it
 */
export function refuseMisnamed(names: readonly string[], known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = known.find((each) => plain(each) === plain(name));
    if (meant !== undefined) throw invalidField(name.slice(0, 64), `Is written ${meant}`);
  }
}
