import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepNets, type NetName, readNet } from '../../src/adapters/vision/local/nets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pathOf = (name: NetName) => join(folder, `${name}.onnx`);

describe('the conversion of the models', () => {
  it('has the known hash for every net, and is stored', () => {
    const all: NetName[] = [
      'faces',
      'mesh',
      'iris',
      'objects',
      'people',
      'faceres',
      'landmarks',
      'dlib',
      'antispoof',
      'liveness',
      'speech',
    ];
    expect(keepNets(pathOf)).toEqual(all);
  });

  it('is read from the stored file', async () => {
    const kept = await readFile(pathOf('iris'));
    expect(kept.equals(readNet('iris', pathOf('iris')))).toBe(true);
    expect(kept.equals(readNet('iris', join(folder, 'missing.onnx')))).toBe(true);
  });

  it('is repeated if the stored file was truncated or changed, and stored again by the next installation', async () => {
    const kept = await readFile(pathOf('faces'));
    await truncate(pathOf('faces'), kept.length - 1);
    expect(kept.equals(readNet('faces', pathOf('faces')))).toBe(true);
    keepNets(pathOf);
    expect(kept.equals(await readFile(pathOf('faces')))).toBe(true);
  });
});
