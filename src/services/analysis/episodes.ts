import { type DetectorType, describeEpisode } from '../warnings/catalogue.ts';
import { findEpisodes, JITTER, rulesFor, type Sensitivity, type SignSample } from './sign-track.ts';
import type { Span } from './timeline.ts';

/** A warning that the analysis raises, once per episode. */
export interface AnalysisWarning {
  type: DetectorType;
  /** Seconds from the start of the recording. */
  startSeconds: number;
  endSeconds: number;
  /** Score of the detector, 0..1, mean over the samples that show it; null if it has none. Not a probability. */
  confidence: number | null;
  /** For a proctor to read. */
  details: string;
}

/** What the samples of a recording say about each sign. */
export type Signs = Partial<Record<DetectorType, readonly SignSample[]>>;

/** Warnings of all episodes, sorted by start. */
export function toWarnings(signs: Signs, sensitivity: Sensitivity): AnalysisWarning[] {
  const warningsOf = ([type, samples]: [DetectorType, readonly SignSample[]]) =>
    findEpisodes(samples, rulesFor(type, sensitivity)).map(({ since, until, seen, score }) => ({
      type,
      startSeconds: since / 1_000,
      endSeconds: until / 1_000,
      confidence: score,
      details: describeEpisode(type, { seen: seen / 1_000, within: (until - since) / 1_000 }),
    }));
  const entries = Object.entries(signs) as [DetectorType, readonly SignSample[]][];
  return entries.flatMap(warningsOf).toSorted((a, b) => a.startSeconds - b.startSeconds);
}

/**
 * The samples of one sign in a timeline that was not smoothed. A span that lasts longer than a sample, since pictures were missing
 * or nothing else was judged, counts as several.
 * @param interval the usual time between two samples, seconds
 */
export function toSamples<State>(spans: readonly Span<State>[], isSign: (state: State) => boolean, interval: number): SignSample[] {
  const samples: SignSample[] = [];
  for (const { start, end, state, score } of spans) {
    const pieces = Math.max(1, Math.round((end - start) / (interval * JITTER)));
    for (let piece = 0; piece < pieces; piece += 1) {
      const at = Math.round((start + ((end - start) * piece) / pieces) * 1_000);
      const lasts = Math.round(((end - start) / pieces) * 1_000);
      samples.push({ at, lasts, lapse: at - (samples.at(-1)?.at ?? at), isOn: isSign(state), score });
    }
  }
  return samples;
}
