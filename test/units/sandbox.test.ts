import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSandbox, type Sandbox } from '../../src/adapters/media/ffmpeg-sandbox.ts';

const run = promisify(execFile);
let folder: string;
let sandbox: Sandbox;

/** In the place of an ffmpeg that a hostile file has taken over: it does what its argument says. */
const TAKEN_OVER = '#!/bin/bash\nif [ "$1" = -h ]; then echo "ffmpeg version taken over" >&2; else eval "$1"; fi\n';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'out'));
  await mkdir(join(folder, 'recordings'));
  for (const name of ['mine', 'other']) await writeFile(join(folder, 'recordings', name), `the ${name} recording`);
  await writeFile(join(folder, 'bin', 'ffmpeg'), TAKEN_OVER);
  await chmod(join(folder, 'bin', 'ffmpeg'), 0o755);
  const found = await findSandbox(join(folder, 'bin', 'ffmpeg'));
  if (!found) throw new Error('it does not run');
  sandbox = found.sandbox;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function doInside(script: string): Promise<string> {
  const { command, prefix } = sandbox.wrap({ reads: join(folder, 'recordings', 'mine'), writes: join(folder, 'out') });
  return (await run(command, [...prefix, script], { env: { ...process.env, TOKEN_SECRET: 'the secret' } })).stdout;
}

describe('an ffmpeg that a hostile file has taken over', () => {
  it('reads its recording and writes its output', async () => {
    expect(await doInside(`cat ${folder}/recordings/mine; echo sound > ${folder}/out/sound`)).toBe('the mine recording');
    expect(await readFile(join(folder, 'out', 'sound'), 'utf8')).toBe('sound\n');
  });

  it('finds no secrets in its environment', async () => {
    expect(await doInside('env')).not.toContain('the secret');
  });

  it('cannot fill the disk or the memory', async () => {
    await expect(doInside(`head -c 1G /dev/zero > ${folder}/out/large`)).rejects.toThrow('File size limit exceeded');
    await expect(doInside('head -c 3G /dev/zero | tail')).rejects.toThrow('memory exhausted');
  });

  it('reaches no other file, no network and no other process', async (context) => {
    // Where bubblewrap is missing, or the machine forbids namespaces, as some containers do.
    if (sandbox.level !== 'namespaces') context.skip('bubblewrap does not work here');
    await expect(doInside(`cat ${folder}/recordings/other`)).rejects.toThrow('No such file');
    await expect(doInside('cat /etc/passwd')).rejects.toThrow('No such file');
    await expect(doInside(`echo gone > ${folder}/recordings/mine`)).rejects.toThrow('Read-only');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(doInside(`exec 3<>/dev/tcp/127.0.0.1/${port}`)).rejects.toThrow('refused');
    server.close();
    await expect(doInside(`kill -0 ${process.pid}`)).rejects.toThrow('No such process');
  });
});
