import { readFile } from 'node:fs/promises';
import { createLocalVision } from '../adapters/vision/local/vision-local.ts';
import { type FaceImage, ImageError, type VisionProvider } from '../adapters/vision/vision.ts';
import type { Config } from '../config.ts';
import { matchFaces } from '../services/identity/face-match.ts';
import { formatPercent } from './draw.ts';

/** Compares the faces in two pictures. @returns the exit code */
export async function verifyImages(
  reference: string,
  candidate: string,
  { config, json }: { config: Config; json: boolean },
): Promise<number> {
  const vision = createLocalVision({ workers: config.VISION_WORKERS });
  try {
    const [first, second] = await Promise.all([readFace(vision, reference), readFace(vision, candidate)]);
    const match = matchFaces(first, second);
    if (json) {
      process.stdout.write(`${JSON.stringify({ reference, candidate, detector: vision.verifier, ...match })}\n`);
      return 0;
    }
    const isUnsure = match.warnings.includes('low_confidence');
    const verdict = match.verified ? 'The same person' : isUnsure ? 'Not sure, a person should look' : 'Not shown to be the same person';
    const lines = [`${verdict}, confidence ${formatPercent(match.confidence)}`, ...match.warnings.map((warning) => `  ${warning}`)];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (json) process.stdout.write(`${JSON.stringify({ reference, candidate, error: error.message })}\n`);
    return 1;
  } finally {
    await vision.dispose();
  }
}

class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

async function readFace(vision: VisionProvider, file: string): Promise<FaceImage> {
  try {
    return await vision.readFaceImage(await readFile(file));
  } catch (cause) {
    const isFilesFault = cause instanceof ImageError || (cause instanceof Error && 'syscall' in cause);
    if (!isFilesFault) throw cause;
    throw new UnreadableError(`${file}: ${cause.message}`, { cause });
  }
}
