import { setTimeout } from 'node:timers/promises';
import { GoogleVisionError, toFailure } from './failure.ts';
import type { Annotation, Picture, VisionService } from './service.ts';

/** Counts units before they are asked for and answers what takes them back. Throws where the cap is reached. */
export type Spend = (units: number) => Promise<() => Promise<void>>;

export interface Limits {
  service: VisionService;
  spend: Spend;
  /** How long is tried again what may pass. */
  patienceMs: number;
  /** Ends the waiting between two tries. */
  signal: AbortSignal;
}

/** One try: a batch takes a second or three. */
const ANSWER_MS = 30_000;
const FIRST_PAUSE_MS = 250;
/** A quota a minute has room again well before the patience is over. */
const LONGEST_PAUSE_MS = 15_000;

/**
 * Has Google look at up to 16 pictures, and again at those whose failure may pass, with growing pauses.
 * @returns an annotation or a failure for each picture, in their order.
 * @throws VisionError where all of them failed together: Google is away, refuses this server, or the cap is reached.
 */
export async function annotate(pictures: readonly Picture[], limits: Limits): Promise<(Annotation | GoogleVisionError)[]> {
  const outcomes = new Map<Picture, Annotation | GoogleVisionError>();
  const until = performance.now() + limits.patienceMs;
  let left = pictures;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    // Servers that failed together must not come back together.
    const wait = pause * (0.5 + Math.random() / 2);
    const isLast = performance.now() + wait >= until;
    try {
      const answers = await ask(left, limits);
      left.forEach((picture, i) => outcomes.set(picture, answers[i] ?? lost()));
      left = left.filter((picture) => mayPass(outcomes.get(picture)));
      if (left.length === 0 || isLast) break;
    } catch (error) {
      if (isLast || !mayPass(error)) throw error;
    }
    await setTimeout(wait, undefined, { signal: limits.signal });
  }
  return pictures.map((picture) => outcomes.get(picture) ?? lost());
}

/** Asks once. Each time is counted: Google may have worked on a request whose answer was lost. */
async function ask(pictures: readonly Picture[], { service, spend, patienceMs }: Limits): Promise<(Annotation | GoogleVisionError)[]> {
  const giveBack = await spend(pictures.reduce((units, { features }) => units + features.length, 0));
  try {
    const annotations = await service.annotate(pictures, Math.min(ANSWER_MS, patienceMs));
    return annotations.map((annotation) => (annotation.error?.code ? toFailure(annotation.error) : annotation));
  } catch (error) {
    const failure = toFailure(error instanceof Error ? error : new Error(String(error)));
    if (!failure.mayBeBilled) await giveBack();
    throw failure;
  }
}

const mayPass = (outcome: unknown) => outcome instanceof GoogleVisionError && outcome.mayPass;

/** Fewer answers than pictures. */
const lost = () => toFailure({ message: 'no answer for a picture' });
