import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The secret that signs tokens: created at the first start and kept in the data directory, readable only by its owner. */
export async function loadTokenSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'token-secret');
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const secret = randomBytes(48).toString('base64url');
      await file.writeFile(secret);
      await file.sync();
      return secret;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(path, 'utf8');
  }
}
