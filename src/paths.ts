import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findProjectRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json not found above the program');
  return findProjectRoot(parent);
}

/** The folder of package.json: compiled and source files are at different depths below it. */
export const projectRoot = findProjectRoot(import.meta.dirname);
