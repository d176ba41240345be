import { resolve } from 'node:path';
import { z } from 'zod';
import { parseRedisUrl } from './adapters/signals/redis-url.ts';
import { parseVisionEndpoint } from './adapters/vision/google/endpoint.ts';
import { StartupError } from './errors.ts';

const MB = 1024 * 1024;

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0'], 'must be true or false')
    .transform((value) => value === 'true' || value === '1')
    .default(fallback);

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      try {
        return protocols.includes(new URL(value).protocol);
      } catch {
        return false;
      }
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

/** Every setting, its check and its default. The descriptions become `.env.example`. */
export const settings = {
  PORT: whole(0, 65_535).default(4000).describe('Port to listen on; 0 takes a free one.'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  PUBLIC_URL: url('http:', 'https:').optional().describe('Where clients reach the server; http://localhost:{PORT} without it.'),
  DATA_DIR: z.string().default('./data').describe('Database, recordings and secrets of the embedded default.'),
  DATABASE_URL: url('postgresql:', 'postgres:').optional().describe('A PostgreSQL 14 or newer to use in place of the embedded one.'),
  REDIS_URL: z
    .string()
    .refine(
      (value) => parseRedisUrl(value) !== null,
      'must be a URL like redis://host:6379, rediss://user:password@host:6379/0 or redis+cluster://host:6379,host:6379',
    )
    .optional()
    .describe(
      'A Redis 7 or newer for analysis jobs and wake-up calls, in place of PostgreSQL: redis://[user:password@]host:port[/db], or redis+cluster://host:port,host:port for a cluster; rediss for TLS.',
    ),
  BOOTSTRAP_API_KEY: z
    .string()
    .min(20, 'must have at least 20 characters')
    .optional()
    .describe('An admin key that exists from the start; without it the first start makes one and prints it once.'),
  TOKEN_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('Signs access tokens and links; made and kept in DATA_DIR without it.'),
  ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((value) =>
      value
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .describe('Web origins, separated by commas, that may use the API from a browser, besides PUBLIC_URL.'),
  MAX_SUBMIT_FILE_BYTES: whole(1, 2 ** 40)
    .default(100 * MB)
    .describe('Largest file of POST /exams/{id}/submit.'),
  MAX_RECORDING_BYTES: whole(1, 2 ** 40)
    .default(4096 * MB)
    .describe('Largest file of POST /recordings and of /api/uploads, and largest live recording.'),
  STORAGE_ENCRYPTION_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them')
    .transform((hex) => Buffer.from(hex, 'hex'))
    .optional()
    .describe('Encrypts recordings on the disk (AES-256-GCM): 64 hexadecimal digits. Without this key they cannot be read again.'),
  STORAGE_ENCRYPTION_KEY_OLD: z
    .string()
    .default('')
    .transform((value) => value.split(',').flatMap((key) => key.trim() || []))
    .pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/i, 'must be keys of 64 hexadecimal digits, separated by commas')))
    .transform((keys) => keys.map((hex) => Buffer.from(hex, 'hex')))
    .describe('Keys that STORAGE_ENCRYPTION_KEY has replaced, separated by commas: what was encrypted with them stays readable.'),
  S3_BUCKET: z.string().optional().describe('An S3-compatible bucket for recordings, in place of DATA_DIR.'),
  S3_PREFIX: z.string().default('').describe('Goes before every key in the bucket, such as `invigil/`.'),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  S3_ENDPOINT: url('http:', 'https:').optional().describe('Of another provider than Amazon.'),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe("With S3_SECRET_ACCESS_KEY; without them Amazon's usual places are looked through, such as the role of the machine."),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('Belongs to S3_ACCESS_KEY_ID.'),
  S3_FORCE_PATH_STYLE: flag(false).describe('Names the bucket in the path and not in the host, as most other providers want it.'),
  S3_REDIRECT_DOWNLOADS: flag(false).describe('Sends downloads to the bucket by signed links that are good for an hour.'),
  RATE_LIMIT_PER_MINUTE: whole(0, 1_000_000).default(0).describe('Requests a minute and caller; 0 is off.'),
  MAX_SOCKETS_PER_CREDENTIAL: whole(1, 1_000_000)
    .default(10_000)
    .describe('WebSockets that one API key or admin link may have open at one server; a participant has 20.'),
  MAX_UPLOADS_PER_CREDENTIAL: whole(1, 1_000_000)
    .default(256)
    .describe('Requests with a body above 64 KB that one API key or admin link may have open at one server; a participant has 8.'),
  SLOW_REQUEST_SECONDS: whole(1, 3_600)
    .default(60)
    .describe('A request is given up whose headers take longer, or whose body brings less than 256 bytes a second for so long.'),
  SOCKET_STALL_SECONDS: whole(1, 3_600)
    .default(60)
    .describe('How long a WebSocket may leave unread what it is sent before it is closed, for its client to come back.'),
  PRESENCE_GRACE_SECONDS: whole(1, 3_600)
    .default(30)
    .describe('Silence after which a participant who sends heartbeats counts as disconnected: two or three times their interval.'),
  LIVE_RECORDING_GRACE_SECONDS: whole(1, 86_400)
    .default(120)
    .describe('From the end of a participant or an exam to that of their live recordings, for chunks that are still to come.'),
  LIVE_RECORDING_IDLE_SECONDS: whole(10, 86_400).default(1_800).describe('Silence after which a live recording counts as ended.'),
  FACE_TEMPLATE_HOURS: whole(0, 8_760)
    .default(24)
    .describe(
      'How long the face of a verified user is kept, encrypted, to compare the webcam with during an exam; 0 keeps none, and nothing is compared.',
    ),
  FFMPEG_PATH: z.string().optional().describe('ffmpeg to use; else the one on PATH, else the one of @ffmpeg-installer/ffmpeg.'),
  WORKER_CONCURRENCY: whole(1, 64).default(1).describe('Recordings analysed at once by one process.'),
  VISION_PROVIDER: z
    .enum(['local', 'google'], 'must be local or google')
    .default('local')
    .describe(
      "What looks for faces and phones while candidates sit and in recordings: models on this machine, or Google Cloud Vision, to which pictures of every webcam are sent then. Its credentials are found in Google's usual places, such as GOOGLE_APPLICATION_CREDENTIALS.",
    ),
  GOOGLE_VISION_ENDPOINT: z
    .string()
    .refine((value) => parseVisionEndpoint(value) !== null, 'must be a host such as eu-vision.googleapis.com, with or without a port')
    .default('vision.googleapis.com')
    .describe('Where Google Vision is reached: eu-vision.googleapis.com or us-vision.googleapis.com keep pictures in that region.'),
  GOOGLE_VISION_MAX_UNITS_PER_MONTH: whole(0, 2 ** 40)
    .optional()
    .describe(
      'Cap on what Google bills, of all servers together: each feature of each picture is a unit (faces one, phones another), each try of it again. Months and days are those of UTC.',
    ),
  GOOGLE_VISION_MAX_UNITS_PER_DAY: whole(0, 2 ** 40)
    .optional()
    .describe('Cap for each day, beside or in place of that for each month.'),
  GOOGLE_VISION_RETRY_SECONDS: whole(1, 3_600)
    .default(120)
    .describe('How long a picture is sent again to a Google Vision that is away or over its quota a minute, before the analysis gives up.'),
  VISION_WORKERS: whole(1, 64)
    .optional()
    .describe('Threads that look at frames, 270 MB of memory each, 300 MB where they compare faces; without it one a core, up to four.'),
  ANALYSIS_LIMIT_SECONDS: whole(1, 604_800)
    .default(14_400)
    .describe('Longest time for the analysis of one recording; then it is broken off and begun anew, three times in all.'),
  INLINE_WORKER: flag(true).describe(
    'Whether the server analyses recordings itself; false leaves it to `npm run worker`. Snapshots are looked at by the server all the same.',
  ),
  NODE_ENV: z.string().default('development').describe('`production` refuses what is only good for trying things out.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level that is logged.'),
} as const;

const schema = z
  .object(settings)
  .refine(({ S3_ACCESS_KEY_ID: id, S3_SECRET_ACCESS_KEY: secret }) => !id === !secret, {
    path: ['S3_SECRET_ACCESS_KEY'],
    message: 'and S3_ACCESS_KEY_ID go together',
  })
  .refine(({ STORAGE_ENCRYPTION_KEY: key, STORAGE_ENCRYPTION_KEY_OLD: old }) => key !== undefined || old.length === 0, {
    path: ['STORAGE_ENCRYPTION_KEY'],
    message: 'must be set where STORAGE_ENCRYPTION_KEY_OLD is',
  })
  .transform((parsed) => ({ ...parsed, DATA_DIR: resolve(parsed.DATA_DIR) }));

export type Config = z.output<typeof schema>;

/**
 * Reads the settings once. An empty variable counts as not set.
 * @throws StartupError that lists every mistake.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in settings && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new StartupError(`Bad settings: ${mistakes.join('; ')}`);
}
