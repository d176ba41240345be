import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSpoolScope } from '../../src/adapters/storage/spool-scope.ts';
import { createDiskStorage } from '../../src/adapters/storage/storage-disk.ts';
import { type Storage, StorageFullError, TooLargeError } from '../../src/adapters/storage/storage.ts';

const MB = 1024 * 1024;

let folder: string;
let storage: Storage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-storage-'));
  storage = createDiskStorage(folder);
});
const KEY = randomBytes(32);
afterEach(() => rm(folder, { recursive: true, force: true }));

const spooled = () => readdir(join(folder, 'spool'));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const chunks = (bytes: Buffer, size: number) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
    { objectMode: false },
  );

describe('disk storage', () => {
  test('does not touch the disk when it is created', async () => {
    expect(await readdir(folder)).toEqual([]);
  });

  test.for([0, 1, 4095, 4097, 3 * MB + 1])('returns %i bytes unchanged, with their hash and head', async (size) => {
    const bytes = randomBytes(size);
    const file = await storage.spool(chunks(bytes, 60_000), { maxBytes: size });
    expect(file).toMatchObject({ size, sha256: sha256(bytes) });
    expect(bytes.subarray(0, 4096).equals(file.head)).toBe(true);
    expect(bytes.equals(await buffer(storage.read(file)))).toBe(true);

    await storage.commit(file, 'rec_1.webm');
    expect(await spooled()).toEqual([]);
    expect(bytes.equals(await buffer(storage.read('rec_1.webm')))).toBe(true);
    expect(bytes.equals(await storage.withLocalFile('rec_1.webm', (path) => readFile(path)))).toBe(true);
    if (size > 10) expect(bytes.subarray(3, 6).equals(await buffer(storage.read('rec_1.webm', { start: 3, end: 5 })))).toBe(true);
    await storage.remove('rec_1.webm');
    await storage.remove('rec_1.webm');
    expect(await readdir(join(folder, 'files'))).toEqual([]);
  });

  test('makes files readable only by their owner', async () => {
    const file = await storage.spool(Readable.from([Buffer.from('x')]), { maxBytes: 1 });
    await storage.commit(file, 'rec_1');
    const modes = await Promise.all(['spool', 'files', 'files/rec_1'].map(async (path) => (await stat(join(folder, path))).mode & 0o777));
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  test('stops the source at one byte too many and leaves nothing', async () => {
    let produced = 0;
    const endless = new Readable({
      read() {
        produced += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    await expect(storage.spool(endless, { maxBytes: 5 * MB })).rejects.toBeInstanceOf(TooLargeError);
    expect(endless.destroyed).toBe(true);
    expect(produced).toBeLessThan(10 * MB);
    await expect(storage.spool(chunks(Buffer.alloc(6), 6), { maxBytes: 5 })).rejects.toBeInstanceOf(TooLargeError);
    expect(await spooled()).toEqual([]);
  });

  test('leaves nothing of a source that fails, and passes its error on', async () => {
    const source = Readable.from(
      (async function* () {
        yield randomBytes(MB);
        throw new Error('cable cut');
      })(),
    );
    await expect(storage.spool(source, { maxBytes: 10 * MB })).rejects.toThrow('cable cut');
    expect(await spooled()).toEqual([]);
  });

  test.for(['../x', 'a/b', '', '.', '..', 'a\0b', '.hidden', 'a\\b', 'x\n'])('refuses %j as a key', async (key) => {
    const file = await storage.spool(chunks(Buffer.from('x'), 1), { maxBytes: 1 });
    await expect(storage.commit(file, key)).rejects.toThrow('not a storage key');
    await expect(storage.withLocalFile({ ...file, spoolKey: key }, async () => {})).rejects.toThrow('not a storage key');
    expect(() => storage.read(key)).toThrow('not a storage key');
    await storage.discard(file);
    await storage.discard(file);
    expect(await spooled()).toEqual([]);
  });

  test('fails to read a file that does not exist', async () => {
    await expect(buffer(storage.read('rec_none'))).rejects.toThrow('ENOENT');
  });

  test('reports a full disk as such, and removes the half-written file', async ({ skip }) => {
    const mount = join(folder, 'small');
    await mkdir(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      skip('may not mount a small file system here');
    }
    try {
      const small = createDiskStorage(mount);
      await expect(small.spool(chunks(randomBytes(8 * MB), 100_000), { maxBytes: 100 * MB })).rejects.toBeInstanceOf(StorageFullError);
      expect(await readdir(join(mount, 'spool'))).toEqual([]);
      const file = await small.spool(chunks(randomBytes(3 * MB), 100_000), { maxBytes: 100 * MB });
      expect(file.size).toBe(3 * MB);
    } finally {
      execFileSync('umount', [mount]);
    }
  });

  test('removes at the start what a killed process left, but not what a live one is writing', async () => {
    const program = `
      const { createDiskStorage } = await import(process.argv[1]);
      const { Readable } = await import('node:stream');
      const source = new Readable({ read() {} });
      source.push(Buffer.alloc(100));
      createDiskStorage(process.argv[2]).spool(source, { maxBytes: 1000 });
      console.log('started');
      setInterval(() => {}, 1000);`;
    const module = new URL('../../dist/src/adapters/storage/storage-disk.js', import.meta.url).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, module, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await expect.poll(spooled).toHaveLength(1);
      const own = await storage.spool(chunks(Buffer.from('own'), 3), { maxBytes: 3 });
      await storage.sweep();
      expect(await spooled()).toHaveLength(2);

      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
      await storage.sweep();
      expect(await spooled()).toEqual([own.spoolKey]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('removes what another host left once it is a day old', async () => {
    await storage.sweep();
    const [young, old] = ['host.1.boot.young', 'host.1.boot.old'].map((name) => join(folder, 'spool', name)) as [string, string];
    await writeFile(young, '');
    await writeFile(old, '');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(old, longAgo, longAgo);
    await storage.sweep();
    expect(await spooled()).toEqual(['host.1.boot.young']);
  });
});

describe('encrypted disk storage', () => {
  beforeEach(() => {
    storage = createDiskStorage(folder, { encryptionKey: KEY });
  });
  const store = async (bytes: Buffer, key = 'rec_1.webm') =>
    storage.commit(await storage.spool(chunks(bytes, 50_001), { maxBytes: bytes.length }), key);
  const stored = (key = 'rec_1.webm') => join(folder, 'files', key);

  test.for([0, 1, 65_535, 65_536, 65_537, 2 * MB, 3 * MB + 5])(
    'returns %i bytes unchanged, with the hash of the plain bytes',
    async (size) => {
      const bytes = randomBytes(size);
      const file = await storage.spool(chunks(bytes, 60_000), { maxBytes: size });
      expect(file).toMatchObject({ size, sha256: sha256(bytes) });
      expect(bytes.equals(await buffer(storage.read(file)))).toBe(true);
      await storage.commit(file, 'rec_1.webm');
      expect(bytes.equals(await buffer(storage.read('rec_1.webm')))).toBe(true);
      expect(bytes.equals(await storage.withLocalFile('rec_1.webm', (path) => readFile(path)))).toBe(true);
      expect(await readdir(join(folder, 'work'))).toEqual([]);
    },
  );

  test('shares one plain copy among concurrent readers, and removes it after the last one', async () => {
    const bytes = randomBytes(300_000);
    await store(bytes);
    const work = () => readdir(join(folder, 'work'));
    const seen: string[] = [];
    const read = (meanwhile: () => Promise<unknown>) =>
      storage.withLocalFile('rec_1.webm', async (path) => {
        seen.push(path);
        await meanwhile();
        expect(bytes.equals(await readFile(path))).toBe(true);
        expect(await work()).toHaveLength(1);
      });
    await Promise.all([read(() => read(async () => {})), read(async () => {})]);
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(1);
    expect(await work()).toEqual([]);
    await read(async () => {});
    expect(new Set(seen).size).toBe(2);
    const missing = await Promise.allSettled([1, 2].map(() => storage.withLocalFile('rec_2.webm', async () => {})));
    expect(missing.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await work()).toEqual([]);
  });

  test('returns any range', async () => {
    const bytes = randomBytes(5 * 65_536 + 77);
    await store(bytes);
    const edges = [0, 1, 65_535, 65_536, 65_537, 131_072, 5 * 65_536, bytes.length - 1];
    for (const start of edges) {
      for (const end of edges.filter((edge) => edge >= start)) {
        const part = await buffer(storage.read('rec_1.webm', { start, end }));
        expect(part.equals(bytes.subarray(start, end + 1)), `${start}-${end}`).toBe(true);
      }
    }
  });

  test('leaves nothing readable on the disk, and never encrypts the same bytes to the same result', async () => {
    const bytes = Buffer.alloc(200_000, 'a face in the crowd');
    await store(bytes);
    await store(bytes, 'rec_2.webm');
    const [first, second] = await Promise.all([readFile(stored()), readFile(stored('rec_2.webm'))]);
    expect(first.includes('a face')).toBe(false);
    expect(first.subarray(8, 100).equals(second.subarray(8, 100))).toBe(false);
  });

  test('detects a changed byte and a truncated file', async () => {
    const bytes = randomBytes(3 * 65_536);
    await store(bytes);
    const sealed = await readFile(stored());
    const changed = Buffer.from(sealed);
    changed[100_000] = (changed[100_000] ?? 0) ^ 1;
    // At the border of a chunk, so that all that is left is well-formed.
    const cut = sealed.subarray(0, 48 + 2 * (65_536 + 16));
    for (const broken of [changed, cut, sealed.subarray(0, 48), sealed.subarray(0, -1)]) {
      await writeFile(stored(), broken);
      await expect(buffer(storage.read('rec_1.webm'))).rejects.toThrow('stored bytes were changed');
    }
  });

  test('can still read files from before the key was set; a start with another key or none is refused', async () => {
    const plain = createDiskStorage(folder);
    await plain.sweep();
    await plain.commit(await plain.spool(chunks(Buffer.from('from before'), 4), { maxBytes: 20 }), 'rec_old');
    await storage.sweep();
    await storage.sweep();
    expect((await buffer(storage.read('rec_old'))).toString()).toBe('from before');
    expect((await buffer(storage.read('rec_old', { start: 5, end: 7 }))).toString()).toBe('bef');
    await expect(plain.sweep()).rejects.toThrow('STORAGE_ENCRYPTION_KEY is missing');
    await expect(createDiskStorage(folder, { encryptionKey: randomBytes(32) }).sweep()).rejects.toThrow('is the wrong one');
  });
});

describe('an encryption key that was replaced', () => {
  const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
  const open = (encryptionKey: Buffer, ...oldEncryptionKeys: Buffer[]) => createDiskStorage(folder, { encryptionKey, oldEncryptionKeys });
  async function store(into: Storage, key: string): Promise<void> {
    await into.sweep();
    await into.commit(await into.spool(chunks(Buffer.from(`bytes of ${key}`), 4), { maxBytes: 100 }), key);
  }
  const text = async (from: Storage, key: string) => (await buffer(from.read(key))).toString();

  test('still decrypts old files, but encrypts no new ones', async () => {
    await store(open(first), 'rec_1');
    const later = open(second, first);
    await store(later, 'rec_2');
    expect([await text(later, 'rec_1'), await text(later, 'rec_2')]).toEqual(['bytes of rec_1', 'bytes of rec_2']);
    await expect(text(open(first), 'rec_2')).rejects.toThrow('a key that STORAGE_ENCRYPTION_KEY_OLD lacks');
    const latest = open(third, second, first);
    await store(latest, 'rec_3');
    expect(await Promise.all(['rec_1', 'rec_2', 'rec_3'].map((key) => text(latest, key)))).toHaveLength(3);
  });

  test('is required at the start as long as a stored file needs it; the newest one always is', async () => {
    await store(open(first), 'rec_1');
    await expect(open(second).sweep()).rejects.toThrow('is the wrong one');
    await store(open(second, first), 'rec_2');
    await expect(open(second).sweep()).rejects.toThrow('STORAGE_ENCRYPTION_KEY_OLD lacks a key with which 1 of the stored files');
    await expect(open(first).sweep()).rejects.toThrow('is the wrong one');
    await open(second, first).remove('rec_1');
    await open(second).sweep();
    expect(await text(open(second), 'rec_2')).toBe('bytes of rec_2');
  });

  test('is found for files that do not name their key', async () => {
    await store(open(first), 'rec_1');
    const path = join(folder, 'files', 'rec_1');
    const sealed = await readFile(path);
    // As files were written before keys could be replaced.
    await writeFile(path, Buffer.concat([Buffer.from('INVSEAL1'), sealed.subarray(16)]));
    expect(await text(open(second, first), 'rec_1')).toBe('bytes of rec_1');
    await expect(text(open(second), 'rec_1')).rejects.toThrow('stored bytes were changed');
  });
});

describe('the end of a spool scope', () => {
  const tiny = () => chunks(Buffer.from('x'), 1);

  test('removes files that were not committed and keeps those that were', async () => {
    {
      await using scope = createSpoolScope(storage);
      const kept = await scope.spool(tiny(), { maxBytes: 1 });
      await scope.spool(tiny(), { maxBytes: 1 });
      const dropped = await scope.spool(tiny(), { maxBytes: 1 });
      await scope.discard(dropped);
      await scope.commit(kept, 'rec_1');
      expect(await spooled()).toHaveLength(1);
    }
    expect(await spooled()).toEqual([]);
    expect(await readdir(join(folder, 'files'))).toEqual(['rec_1']);
  });

  test('stops files that are still arriving', async () => {
    const scope = createSpoolScope(storage);
    const stalled = new Readable({ read() {} });
    stalled.push('x');
    const spooling = scope.spool(stalled, { maxBytes: 10 });
    await Promise.all([expect(spooling).rejects.toThrow(/closed|premature/i), scope.dispose()]);
    await scope.dispose();
    expect(await spooled()).toEqual([]);
  });
});
