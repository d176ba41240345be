import { existsSync } from 'node:fs';
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

/** Every setting with its check and default. The descriptions become `.env.example`. */
export const settings = {
  PORT: whole(0, 65_535).default(4000).describe('Port to listen on; 0 picks a free one.'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  PUBLIC_URL: url('http:', 'https:').optional().describe('URL under which clients reach the server; defaults to http://localhost:{PORT}.'),
  DATA_DIR: z.string().default('./data').describe('Folder of the embedded database, the recordings and the generated secrets.'),
  DATABASE_URL: url('postgresql:', 'postgres:').optional().describe('PostgreSQL 14 or newer to use instead of the embedded one.'),
  REDIS_URL: z
    .string()
    .refine(
      (value) => parseRedisUrl(value) !== null,
      'must be a URL like redis://host:6379, rediss://user:password@host:6379/0 or redis+cluster://host:6379,host:6379',
    )
    .optional()
    .describe(
      'Redis 7 or newer for analysis jobs and wake-up calls instead of PostgreSQL: redis://[user:password@]host:port[/db], or redis+cluster://host:port,host:port for a cluster; rediss for TLS.',
    ),
  BOOTSTRAP_API_KEY: z
    .string()
    .min(20, 'must have at least 20 characters')
    .optional()
    .describe('Admin key that exists from the first start; if empty, the first start creates one and prints it once.'),
  TOKEN_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('Secret that signs access tokens and links; if empty, one is generated and kept in DATA_DIR.'),
  ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((value) =>
      value
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .describe('Web origins, besides PUBLIC_URL, that may use the API from a browser; separated by commas.'),
  MAX_SUBMIT_FILE_BYTES: whole(1, 2 ** 40)
    .default(100 * MB)
    .describe('Maximum size of a file in POST /exams/{id}/submit.'),
  MAX_RECORDING_BYTES: whole(1, 2 ** 40)
    .default(4096 * MB)
    .describe('Maximum size of a file in POST /recordings and /api/uploads, and of a live recording.'),
  MAX_PARTICIPANT_BYTES: whole(1, 2 ** 50)
    .default(32 * 1024 * MB)
    .describe('Maximum size of all recordings that one participant stores in an exam with its own token; no new one begins above it.'),
  STORAGE_ENCRYPTION_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits: generate them with `openssl rand -hex 32`')
    .transform((hex) => Buffer.from(hex, 'hex'))
    .optional()
    .describe('Key that encrypts recordings on disk (AES-256-GCM): 64 hexadecimal digits. If it is lost, they cannot be read any more.'),
  STORAGE_ENCRYPTION_KEY_OLD: z
    .string()
    .default('')
    .transform((value) => value.split(',').flatMap((key) => key.trim() || []))
    .pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/i, 'must be keys of 64 hexadecimal digits, separated by commas')))
    .transform((keys) => keys.map((hex) => Buffer.from(hex, 'hex')))
    .describe('Earlier values of STORAGE_ENCRYPTION_KEY, separated by commas: files encrypted with them stay readable.'),
  S3_BUCKET: z.string().optional().describe('S3-compatible bucket for recordings, instead of DATA_DIR.'),
  S3_PREFIX: z.string().default('').describe('Prefix of every key in the bucket, such as `invigil/`.'),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  S3_ENDPOINT: url('http:', 'https:').optional().describe('Endpoint of an S3-compatible provider; leave empty for AWS.'),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe("Needs S3_SECRET_ACCESS_KEY too; if both are empty, the usual AWS sources are tried, such as the instance's role."),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('Secret of S3_ACCESS_KEY_ID.'),
  S3_FORCE_PATH_STYLE: flag(false).describe(
    'Puts the bucket in the path instead of the host name, as most providers other than AWS require.',
  ),
  S3_REDIRECT_DOWNLOADS: flag(false).describe('Redirects downloads to the bucket by signed links that are valid for an hour.'),
  RATE_LIMIT_PER_MINUTE: whole(0, 1_000_000).default(0).describe('Maximum requests per minute and caller; 0 means no limit.'),
  MAX_SOCKETS_PER_CREDENTIAL: whole(1, 1_000_000)
    .default(10_000)
    .describe('Maximum open WebSockets per API key or admin link and server; a participant may have 20.'),
  MAX_UPLOADS_PER_CREDENTIAL: whole(1, 1_000_000)
    .default(256)
    .describe('Maximum open requests with a body above 64 KB per API key or admin link and server; a participant may have 8.'),
  KEEP_ALIVE_SECONDS: whole(1, 3_600)
    .default(75)
    .describe('How long an idle connection stays open; set it longer than the idle timeout of your load balancer.'),
  SLOW_REQUEST_SECONDS: whole(1, 3_600)
    .default(60)
    .describe(
      'A request is aborted if its body brings less than 256 bytes per second for this long, or if its headers take longer than 10 s or this.',
    ),
  SOCKET_STALL_SECONDS: whole(1, 3_600)
    .default(60)
    .describe('How long a WebSocket may leave messages unread before it is closed; its client may reconnect.'),
  PRESENCE_GRACE_SECONDS: whole(1, 3_600)
    .default(30)
    .describe('Silence after which a participant who sends heartbeats counts as disconnected; set two to three heartbeat intervals.'),
  LIVE_RECORDING_GRACE_SECONDS: whole(1, 86_400)
    .default(120)
    .describe(
      'Silence after which a live recording is put together and analysed once its participant or exam has ended; chunks that arrive later are added.',
    ),
  LIVE_RECORDING_IDLE_SECONDS: whole(10, 86_400)
    .default(1_800)
    .describe('The same while the exam runs, and if its client has announced chunks that are still missing.'),
  LIVE_RECORDING_LATE_SECONDS: whole(1, 2_592_000)
    .default(86_400)
    .describe('How long after the end of their participant or exam chunks of a live recording are accepted.'),
  FACE_TEMPLATE_HOURS: whole(0, 8_760)
    .default(24)
    .describe(
      'How long the face of a verified user is kept, encrypted, for comparison with the webcam during an exam; 0 keeps none and compares nothing.',
    ),
  IDENTITY_PHOTO_DAYS: whole(1, 3_650).default(90).describe('How long the pictures of the face that exams take at check-in are kept.'),
  FFMPEG_PATH: z.string().optional().describe('Path of ffmpeg; if empty, the one on PATH, else the one from @ffmpeg-installer/ffmpeg.'),
  WORKER_CONCURRENCY: whole(1, 64).default(1).describe('Number of recordings that one process analyses at a time.'),
  VISION_PROVIDER: z
    .enum(['local', 'google'], 'must be local or google')
    .default('local')
    .describe(
      "What detects faces and phones, live and in recordings: local models, or Google Cloud Vision, which then receives pictures from every webcam. Credentials are read from Google's usual sources, such as GOOGLE_APPLICATION_CREDENTIALS.",
    ),
  GOOGLE_VISION_ENDPOINT: z
    .string()
    .refine((value) => parseVisionEndpoint(value) !== null, 'must be a host such as eu-vision.googleapis.com, with or without a port')
    .default('vision.googleapis.com')
    .describe('Host of Google Vision: eu-vision.googleapis.com and us-vision.googleapis.com keep pictures in that region.'),
  GOOGLE_VISION_MAX_UNITS_PER_MONTH: whole(0, 2 ** 40)
    .optional()
    .describe(
      'Cap on the units that Google bills per month, for all servers together. Each feature of each picture is a unit (one for faces, one for phones), and so is each retry. Months and days are in UTC.',
    ),
  GOOGLE_VISION_MAX_UNITS_PER_DAY: whole(0, 2 ** 40)
    .optional()
    .describe('Cap per day, in addition to or instead of the cap per month.'),
  GOOGLE_VISION_RETRY_SECONDS: whole(1, 3_600)
    .default(120)
    .describe(
      'How long a picture is retried while Google Vision is unreachable or over its quota per minute, before the analysis gives up.',
    ),
  VISION_WORKERS: whole(1, 64)
    .optional()
    .describe(
      'Threads that analyse frames; each takes 180 MB of memory, or 300 MB if it also compares faces. Defaults to one per core, at most four.',
    ),
  ANALYSIS_LIMIT_SECONDS: whole(1, 604_800)
    .default(14_400)
    .describe('Maximum time for the analysis of one recording; then it is aborted and restarted, three attempts in total.'),
  VISION_PRELOAD: flag(true).describe(
    'Whether the local models are loaded at start, in the background; false saves 300 MB until the first picture, which then waits for them.',
  ),
  INLINE_WORKER: flag(true).describe(
    'Whether the server analyses recordings itself; false leaves them to `npm run worker`. Snapshots are always analysed by the server.',
  ),
  NODE_ENV: z
    .string()
    .default('development')
    .describe('`production` refuses to start with anything that is only meant for trying things out.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Minimum level that is logged.'),
} as const;

const schema = z
  .object(settings)
  .refine(({ S3_ACCESS_KEY_ID: id, S3_SECRET_ACCESS_KEY: secret }) => !id === !secret, {
    path: ['S3_SECRET_ACCESS_KEY'],
    message: 'and S3_ACCESS_KEY_ID go together',
  })
  .refine(({ STORAGE_ENCRYPTION_KEY: key, STORAGE_ENCRYPTION_KEY_OLD: old }) => key !== undefined || old.length === 0, {
    path: ['STORAGE_ENCRYPTION_KEY'],
    message: 'must be set when STORAGE_ENCRYPTION_KEY_OLD is',
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

/**
 * The environment, with what `.env` in the current folder adds to it: a variable that is set already wins.
 * @throws StartupError if the file cannot be read
 */
export function loadEnvironment(): { env: NodeJS.ProcessEnv; file: string | null } {
  const file = resolve('.env');
  if (!existsSync(file)) return { env: process.env, file: null };
  try {
    process.loadEnvFile(file);
  } catch (cause) {
    throw new StartupError(`Cannot read ${file}: make it readable, or remove it`, { cause });
  }
  return { env: process.env, file };
}
