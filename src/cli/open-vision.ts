import { parseVisionEndpoint } from '../adapters/vision/google/endpoint.ts';
import { createLocalVision } from '../adapters/vision/local/vision-local.ts';
import { VisionError, type VisionProvider } from '../adapters/vision/vision.ts';
import type { Config } from '../config.ts';
import { StartupError } from '../errors.ts';

export const PROVIDERS = ['local', 'google'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/**
 * The vision provider for a command without a database: Google's units are counted for this run only, against the lower of
 * the caps per day and per month, and printed to standard error. Endpoint and caps come from the settings.
 * @throws StartupError if Google has no credentials
 */
export async function openVision(name: ProviderName, config: Config): Promise<VisionProvider> {
  const local = createLocalVision({ workers: config.VISION_WORKERS });
  const endpoint = name === 'google' ? parseVisionEndpoint(config.GOOGLE_VISION_ENDPOINT) : null;
  if (!endpoint) return local;
  const cap = Math.min(config.GOOGLE_VISION_MAX_UNITS_PER_DAY ?? Infinity, config.GOOGLE_VISION_MAX_UNITS_PER_MONTH ?? Infinity);
  let spent = 0;
  const spend = async (units: number) => {
    if (spent + units > cap) throw new VisionError(`The cap of ${cap} units of Google Vision is not enough`, { isFinal: true });
    spent += units;
    return async () => {
      spent -= units;
    };
  };
  const { createGoogleVision } = await import('../adapters/vision/google/google.ts');
  const retrySeconds = config.GOOGLE_VISION_RETRY_SECONDS;
  const google = await createGoogleVision({ endpoint, local, spend, retrySeconds }).catch(async (cause: unknown) => {
    await local.dispose();
    throw new StartupError(`Google Vision has no credentials: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  return {
    ...google,
    async dispose() {
      await google.dispose();
      process.stderr.write(`Google Vision: ${spent} units counted\n`);
    },
  };
}
