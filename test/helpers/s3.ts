import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

const BUCKET = 'recordings';
/** The key that s3rver takes for its owner's. */
const OWNER = 'S3RVER';

export interface TestBucket {
  /** As environment variables of the server. */
  settings: Record<string, string>;
  endpoint: string;
  bucket: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  stop(): Promise<void>;
}

/**
 * A bucket in an S3 server of its own: s3rver, because npm brings it and it does objects, ranges and uploads in parts over the
 * real protocol. It neither checks version 4 signatures nor lists uploads that were not completed.
 */
export async function startBucket(): Promise<TestBucket> {
  const directory = await mkdtemp(join(tmpdir(), 'invigil-s3-'));
  const options = { address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: BUCKET, configs: [] as [] }] };
  const server = new S3rver(options);
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    bucket: BUCKET,
    credentials: { accessKeyId: OWNER, secretAccessKey: OWNER },
    settings: {
      S3_BUCKET: BUCKET,
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY_ID: OWNER,
      S3_SECRET_ACCESS_KEY: OWNER,
      S3_FORCE_PATH_STYLE: 'true',
      S3_PREFIX: 'invigil/',
    },
    async stop() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
