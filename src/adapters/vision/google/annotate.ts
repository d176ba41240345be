import { setTimeout } from 'node:timers/promises';
import { GoogleVisionError, toFailure } from './failure.ts';
import type { Annotation, Picture, VisionService } from './service.ts';

/** Counts units before a request and returns a function that gives them back. Throws if the cap is reached. */
export type Spend = (units: number) => Promise<() => Promise<void>>;

export interface Limits {
  service: VisionService;
  spend: Spend;
  /** How long temporary failures are retried. */
  patienceMs: number;
  /** Ends the waiting between two attempts. */
  signal: AbortSignal;
}

/** Timeout of one attempt; a batch takes one to three seconds. */
const ANSWER_MS = 30_000;
const FIRST_PAUSE_MS = 250;
/** A quota per minute has room again well before the retries end. */
const LONGEST_PAUSE_MS = 15_000;

/**
 * Sends up to 16 pictures to Google, and retries temporary failures with growing pauses.
 * @returns an annotation or a failure for each picture, in order.
 * @throws VisionError if all of them failed together: Google is unreachable or refuses this server, or the cap is reached.
 */
export async function annotate(pictures: readonly Picture[], limits: Limits): Promise<(Annotation | GoogleVisionError)[]> {
  const outcomes = new Map<Picture, Annotation | GoogleVisionError>();
  const until = performance.now() + limits.patienceMs;
  let left = pictures;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    // Servers that failed at the same time must not retry at the same time.
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

/** One attempt. Every attempt is counted: Google may have processed a request whose answer was lost. */
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

/** For fewer answers than pictures. */
const lost = () => toFailure({ message: 'no answer for a picture' });
