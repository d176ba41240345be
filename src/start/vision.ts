import type { Database } from '../adapters/database/database.ts';
import { parseVisionEndpoint } from '../adapters/vision/google/endpoint.ts';
import { createLocalVision } from '../adapters/vision/local/vision-local.ts';
import type { VisionProvider } from '../adapters/vision/vision.ts';
import type { Config } from '../config.ts';
import { StartupError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createVisionBudget } from '../services/vision-budget.ts';

/**
 * The configured vision provider for recordings and pictures. Every start logs when frames leave the machine.
 * @throws StartupError if Google is chosen and there are no credentials for it.
 */
export async function createVision(config: Config, { pool, log }: { pool: Database['pool']; log: Logger }): Promise<VisionProvider> {
  const local = createLocalVision({ workers: config.VISION_WORKERS });
  const endpoint = config.VISION_PROVIDER === 'google' ? parseVisionEndpoint(config.GOOGLE_VISION_ENDPOINT) : null;
  if (!endpoint) return local;
  const caps = { month: config.GOOGLE_VISION_MAX_UNITS_PER_MONTH, day: config.GOOGLE_VISION_MAX_UNITS_PER_DAY };
  const budget = createVisionBudget({ pool, log, caps });
  // Loaded only where it is used: it takes 0.7 s of CPU and 30 MB.
  const { createGoogleVision } = await import('../adapters/vision/google/google.ts');
  const google = await createGoogleVision({
    endpoint,
    local,
    spend: (units) => budget.spend(units),
    retrySeconds: config.GOOGLE_VISION_RETRY_SECONDS,
  }).catch((cause: unknown) => {
    throw new StartupError(`Google Vision has no credentials: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  log.warn({ endpoint: config.GOOGLE_VISION_ENDPOINT, caps }, `webcam pictures are sent to Google Vision${cappedAt(caps)}`);
  return google;
}

function cappedAt({ month, day }: { month: number | undefined; day: number | undefined }): string {
  const limits = [...(month === undefined ? [] : [`${month} units per month`]), ...(day === undefined ? [] : [`${day} units per day`])];
  return limits.length > 0 ? `, at most ${limits.join(' and ')}` : ', without a cap on the cost';
}
