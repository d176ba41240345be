import { invalidField } from '../../errors.ts';

/** Characters. */
const MAX_PATH = 1_000;

/** A position in an operation's variables that waits for its file. */
export interface UploadPath {
  /** As written by the client: `variables.input.file`. */
  readonly path: string;
  put(value: unknown): void;
}

/**
 * The positions in `map`, by the name of the part with the file. A position must be an own member below `variables` whose value
 * is null, as the specification demands. So no path reaches a prototype, and no two files reach the same position.
 * @throws AppError `invalid_request` that names `map`
 */
export function mapPaths(operation: Record<string, unknown>, map: unknown, maxFiles: number): Map<string, UploadPath[]> {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw invalidField('map', 'Must be an object');
  const entries = Object.entries(map as Record<string, unknown>);
  if (entries.length > maxFiles) throw invalidField('map', `More than ${maxFiles} files`);
  const taken = new Set<string>();
  return new Map(
    entries.map(([name, paths]) => {
      if (!Array.isArray(paths)) throw invalidField('map', 'Every value must be a list of paths');
      return [name, paths.map((path: unknown) => findPath(operation, path, taken))];
    }),
  );
}

function findPath(operation: Record<string, unknown>, path: unknown, taken: Set<string>): UploadPath {
  if (typeof path !== 'string' || path.length > MAX_PATH || !path.startsWith('variables.'))
    throw invalidField('map', 'Paths must begin with "variables."');
  if (taken.has(path)) throw invalidField('map', `"${path}" is named twice`);
  taken.add(path);

  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce<unknown>((object, name) => (hasOwn(object, name) ? object[name] : undefined), operation);
  if (!hasOwn(parent, last) || parent[last] !== null) throw invalidField('map', `"${path}" must be null in the variables`);
  return {
    path,
    put: (value) => {
      parent[last] = value;
    },
  };
}

/** `__proto__` is refused although JSON.parse makes it an own member, because assigning to it later could do harm. */
function hasOwn(object: unknown, name: string): object is Record<string, unknown> {
  return typeof object === 'object' && object !== null && name !== '__proto__' && Object.hasOwn(object, name);
}
