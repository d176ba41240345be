import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

const BUCKET = 'recordings';
const OWNER = 'tests:owner';
const SECRET = 'secret-of-the-tests';
const SERVER = fileURLToPath(new URL('swift-server.py', import.meta.url));
/** The interpreter of Debian's packages, whatever else is on PATH. */
const PYTHON = '/usr/bin/python3';

/** Whether tests can start an S3 server. In CI a missing one is a failure, elsewhere the tests are skipped with a message. */
export const hasS3 = ((): boolean => {
  try {
    execFileSync(PYTHON, ['-c', 'import swift.proxy.server'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['CI']) throw new Error('python3-swift is not installed', { cause: error });
    console.warn('python3-swift is not installed: the tests that need an S3 server are skipped');
    return false;
  }
})();

export interface TestBucket {
  /** As environment variables of the server. */
  settings: Record<string, string>;
  endpoint: string;
  bucket: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  client: S3Client;
  /** The keys of all objects. */
  objects(): Promise<string[]>;
  /** The keys of incomplete multipart uploads. */
  unfinished(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * A bucket in a new S3 server: OpenStack Swift with its S3 API. Debian packages it, it runs standalone on one folder, checks
 * version 4 signatures, and can list, copy and abort multipart uploads.
 */
export async function startBucket(): Promise<TestBucket> {
  const directory = await mkdtemp(join(tmpdir(), 'invigil-s3-'));
  const server = spawn(PYTHON, [SERVER, directory, OWNER, SECRET], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const port = await Promise.race([once(server.stdout, 'data').then(([line]) => Number(line)), exited.then(() => 0)]);
  if (!port) throw new Error('the S3 server did not start');
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: OWNER, secretAccessKey: SECRET };
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    endpoint,
    bucket: BUCKET,
    credentials,
    client,
    settings: {
      S3_BUCKET: BUCKET,
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY_ID: OWNER,
      S3_SECRET_ACCESS_KEY: SECRET,
      S3_FORCE_PATH_STYLE: 'true',
      S3_PREFIX: 'invigil/',
    },
    async objects() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      return Contents.map(({ Key = '' }) => Key);
    },
    async unfinished() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
      return Uploads.map(({ Key = '' }) => Key);
    },
    async stop() {
      client.destroy();
      // The server ends when its input ends.
      server.stdin.end();
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
