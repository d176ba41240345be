// Removes from installed packages what this platform, or this program, never loads: 300 of 550 MB.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const list = (folder) => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const remove = (path) => rmSync(path, { recursive: true, force: true });

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
}
