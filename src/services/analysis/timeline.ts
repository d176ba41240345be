/** What one detector saw from `start` to `end`, seconds. The spans of a timeline are in order and do not overlap. */
export interface Span<State> {
  start: number;
  end: number;
  state: State;
  /** How sure the detector is of `state`, 0..1. */
  score: number;
}

/** A run of one state. */
export interface Segment {
  type: string;
  startSeconds: number;
  endSeconds: number;
  /** 0..1, mean over the run; smoothed samples count 0. */
  confidence: number;
}

/**
 * The time that a sample stands for: until the next one, but at most `longest` seconds, because nobody knows what happened where
 * frames are missing. The last one stands for `interval` seconds, at most to the end.
 */
export function spanTimes(
  times: readonly number[],
  { duration, interval, longest }: { duration: number; interval: number; longest: number },
) {
  return times.map((start, index) => {
    const next = times[index + 1] ?? Math.max(start, Math.min(duration, start + interval));
    return { start, end: Math.min(next, start + longest) };
  });
}

/**
 * Removes flicker: a single span whose neighbours touch it and agree with each other takes their state, with score 0. Works from
 * left to right on spans that are already smoothed. The first and the last span stay.
 */
export function smooth<State>(spans: readonly Span<State>[]): Span<State>[] {
  const smoothed = [...spans];
  for (let index = 1; index < smoothed.length - 1; index += 1) {
    const [before, span, after] = smoothed.slice(index - 1, index + 2) as [Span<State>, Span<State>, Span<State>];
    const isFlicker = before.state === after.state && span.state !== before.state && touches(before, span) && touches(span, after);
    if (isFlicker) smoothed[index] = { ...span, state: before.state, score: 0 };
  }
  return smoothed;
}

/** The maximal runs of each state that has a type, in order. */
export function toSegments<State>(spans: readonly Span<State>[], typeOf: (state: State) => string | null): Segment[] {
  const runs: Span<State>[][] = [];
  for (const span of spans) {
    const last = runs.at(-1)?.at(-1);
    if (last && last.state === span.state && touches(last, span)) runs.at(-1)?.push(span);
    else runs.push([span]);
  }
  return runs.flatMap((run) => {
    const [first] = run;
    const type = first ? typeOf(first.state) : null;
    return type && first
      ? [{ type, startSeconds: round(first.start), endSeconds: round(run.at(-1)?.end ?? first.end), confidence: meanScore(run) }]
      : [];
  });
}

/** The share of all sampled time that has this state, 0..1. */
export function shareOfTime<State>(spans: readonly Span<State>[], state: State): number {
  const total = totalSeconds(spans);
  return total === 0 ? 0 : totalSeconds(spans.filter((span) => span.state === state)) / total;
}

/** The share of all samples that have this state, 0..1. */
export const shareOfSamples = <State>(spans: readonly Span<State>[], state: State): number =>
  spans.length === 0 ? 0 : spans.filter((span) => span.state === state).length / spans.length;

/** Mean of scores, weighted by time. */
export function meanScore(spans: readonly { start: number; end: number; score: number }[]): number {
  const total = totalSeconds(spans);
  if (total === 0) return round(spans[0]?.score ?? 0);
  return round(spans.reduce((sum, { start, end, score }) => sum + score * (end - start), 0) / total);
}

const totalSeconds = (spans: readonly { start: number; end: number }[]) => spans.reduce((sum, { start, end }) => sum + end - start, 0);

/** Timestamps are milliseconds in WebM. */
const touches = (before: { end: number }, after: { start: number }) => after.start - before.end < 0.002;

const round = (value: number) => Math.round(value * 1000) / 1000;
