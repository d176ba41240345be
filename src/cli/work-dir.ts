import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

/** A temporary folder that is removed at the end of `work`, or by `removeWorkDirs` when the command is interrupted. */
export async function inWorkDir<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `invigil-${name}-`));
  open.add(folder);
  try {
    return await work(folder);
  } finally {
    open.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

export function removeWorkDirs(): void {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
}
