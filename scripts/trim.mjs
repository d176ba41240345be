// Removes from installed packages what this platform, or this program, never loads: 300 of 550 MB.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const list = (folder) => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const remove = (path) => rmSync(path, { recursive: true, force: true });

/** @type {[scope: string, folder: string, used: RegExp][]} */
const FONTS = [
  ['@embedpdf', 'fonts', /-(Regular|Bold)\.(ttf|otf)$/],
  ['@fontsource', 'files', /-([a-z]+)-\1-(400|700)-normal\.woff$/],
];

/** @param {string} modules path of node_modules */
export function trim(modules) {
  const runtimes = join(modules, 'onnxruntime-node/bin/napi-v6');
  for (const platform of list(runtimes)) {
    for (const arch of list(join(runtimes, platform)))
      if (platform !== process.platform || arch !== process.arch) remove(join(runtimes, platform, arch));
  }
  // Libraries for graphics cards, which an install script of the package may have fetched.
  const own = join(runtimes, process.platform, process.arch);
  for (const name of list(own)) if (/providers_(cuda|tensorrt)/.test(name)) remove(join(own, name));
  const prisma = join(modules, '@prisma/client/runtime');
  for (const name of list(prisma)) if (/^query_compiler_(small_|fast_bg\.(?!postgresql))/.test(name)) remove(join(prisma, name));
  remove(join(modules, 'fluent-ffmpeg/coverage'));
  // Weights of fonts that no document uses: see src/adapters/pdf/faces.ts.
  for (const [scope, folder, used] of FONTS)
    for (const name of list(join(modules, scope))) {
      const files = join(modules, scope, name, folder);
      for (const file of list(files)) if (!used.test(file)) remove(join(files, file));
    }
}

/**
 * Removes what `npm ci --omit=dev` installs although only development needs it: 230 MB of Prisma's command line, the compiler and their
 * dependencies. They are optional peers of packages in use, which makes npm keep them.
 * @param {string} root folder of package-lock.json
 */
export function trimOptionalPeers(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  for (const [path, { devOptional }] of Object.entries(packages)) if (devOptional) remove(join(root, path));
}
