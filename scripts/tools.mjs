// What the scripts share that build the program.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const fromRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Whether the packages that compile the program are installed: not after `npm ci --omit=dev`. The compiler alone proves nothing,
 * because npm keeps it as an optional peer of another package. */
export const hasBuildTools = () =>
  ['@types/node', '@vladmandic/human', 'typescript', 'vite'].every((name) => existsSync(fromRoot(`node_modules/${name}`)));

export const isBuilt = () => existsSync(fromRoot('dist/src/index.js'));
