import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FaceImage, VisionProvider } from '../../src/adapters/vision/vision.ts';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

it('an app uses the components passed to it, and leaves their disposal to the caller', async () => {
  const nobody: FaceImage = { width: 1, height: 1, faces: [], main: null };
  const vision = {
    verifier: 'made-up/1',
    readFaceImage: vi.fn<VisionProvider['readFaceImage']>(async () => nobody),
    dispose: vi.fn<VisionProvider['dispose']>(async () => {}),
  };
  const config = loadConfig({ DATABASE_URL: database.url, DATA_DIR: folder });
  const app = await createApp(config, createLogger('silent'), { vision: vision as unknown as VisionProvider });
  try {
    const image = new Uint8Array([1]);
    const verification = await app.services.verifications.verify({
      tenant: 'default',
      userId: 'user_1',
      referenceImage: image,
      verificationImage: image,
    });
    expect(verification).toMatchObject({ detector: 'made-up/1', verified: false, faceDetected: false });
    expect(vision.readFaceImage).toHaveBeenCalledTimes(2);
  } finally {
    await app.close();
  }
  expect(vision.dispose).not.toHaveBeenCalled();
});
