import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * A secret of this installation: created at the first start and kept in the data directory, readable only by its owner. Of servers
 * that start together, all get the same one, and never half of it.
 */
export async function loadSecret(dataDir: string, name: 'token-secret' | 'receipt-key'): Promise<string> {
  const path = join(dataDir, name);
  const known = await readIfThere(path);
  if (known !== null) return known;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(48).toString('base64url'));
    await file.sync();
    await link(draft, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Some network file systems have no links.
    if (WITHOUT_LINKS.has(code)) await rename(draft, path);
    else if (code !== 'EEXIST') throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
