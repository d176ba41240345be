import { DETECTOR_TYPES, type DetectorType, describeEpisode } from '../warnings/catalogue.ts';
import { meanScore, type Segment } from './timeline.ts';

export type Sensitivity = 'LOW' | 'MEDIUM' | 'HIGH';

/** A warning that the analysis raises, once per episode. */
export interface AnalysisWarning {
  type: DetectorType;
  /** Seconds from the start of the recording. */
  startSeconds: number;
  endSeconds: number;
  /** 0..1, mean over the segments of the episode. */
  confidence: number;
  /** For a proctor to read. */
  details: string;
}

/** Seconds until an episode opens, and until it closes again. */
export const HOLD_SECONDS: Record<Sensitivity, number> = { LOW: 10, MEDIUM: 5, HIGH: 2 };

/** An episode with a lower mean score is kept as segments but raises no warning. A phone that is really there scores 0.17 to 0.6. */
const LEAST_CONFIDENCES: Record<Sensitivity, { phone: number; other: number }> = {
  LOW: { phone: 0.3, other: 0.6 },
  MEDIUM: { phone: 0.25, other: 0.55 },
  HIGH: { phone: 0.165, other: 0.5 },
};

export const leastConfidence = (type: string, sensitivity: Sensitivity): number =>
  LEAST_CONFIDENCES[sensitivity][type === 'phone_usage' ? 'phone' : 'other'];

/** A length is known to about one sample; half a sample keeps timestamp jitter from losing an episode. */
export const TOLERANCE_SECONDS = 0.5;

/** Warnings of all suspicious episodes, sorted by start. */
export function toWarnings(segments: readonly Segment[], sensitivity: Sensitivity): AnalysisWarning[] {
  const warningsOf = (type: DetectorType) =>
    findEpisodes(
      segments.filter((segment) => segment.type === type),
      HOLD_SECONDS[sensitivity],
    )
      .filter(({ confidence }) => confidence >= leastConfidence(type, sensitivity))
      .map(({ startSeconds, endSeconds, confidence }) => ({
        type,
        startSeconds,
        endSeconds,
        confidence,
        details: describeEpisode(type, endSeconds - startSeconds),
      }));
  return DETECTOR_TYPES.flatMap(warningsOf).toSorted((a, b) => a.startSeconds - b.startSeconds);
}

/**
 * Episodes of one type of segment; the segments are sorted. A segment of at least `hold` seconds opens an episode, which
 * continues across gaps shorter than `hold`. Short segments alone never open one, however many there are.
 */
export function findEpisodes(segments: readonly Segment[], hold: number): Segment[] {
  const episodes: Segment[][] = [];
  for (const segment of segments) {
    const open = episodes.at(-1);
    const isBridged = segment.startSeconds - (open?.at(-1)?.endSeconds ?? -Infinity) < hold;
    if (isBridged) open?.push(segment);
    else if (segment.endSeconds - segment.startSeconds >= hold - TOLERANCE_SECONDS) episodes.push([segment]);
  }
  return episodes.flatMap((parts) => {
    const [first] = parts;
    if (!first) return [];
    const confidence = meanScore(
      parts.map(({ startSeconds, endSeconds, confidence }) => ({ start: startSeconds, end: endSeconds, score: confidence })),
    );
    return [{ ...first, endSeconds: parts.at(-1)?.endSeconds ?? first.endSeconds, confidence }];
  });
}
