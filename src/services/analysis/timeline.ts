import { LONGEST_RHYTHM_MS } from './sign-track.ts';

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

/** A camera that sends less often than this is not judged between two pictures, in seconds. */
const LONGEST_USUAL = LONGEST_RHYTHM_MS / 1_000;

/** The usual time between two samples, seconds: their median, for a poor camera sends fewer than are asked for. */
export function usualInterval(times: readonly number[], asked: number): number {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const median = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? asked;
  return Math.min(LONGEST_USUAL, Math.max(asked, median));
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
 * Removes flicker: a single span amid four that touch it and all agree with each other, two on each side, takes their state, with
 * score 0. What comes and goes stays as it is: judged by what was seen, not by what was smoothed before.
 */
export function smooth<State>(spans: readonly Span<State>[]): Span<State>[] {
  return spans.map((span, index) => {
    const around = spans.slice(Math.max(0, index - FLICKER_REACH), index + FLICKER_REACH + 1);
    if (around.length <= 2 * FLICKER_REACH || !around.every((one, at) => at === 0 || touches(around[at - 1] ?? one, one))) return span;
    const [first] = around;
    const agrees = around.every(({ state }, at) => at === FLICKER_REACH || state === first?.state);
    return agrees && first && span.state !== first.state ? { ...span, state: first.state, score: 0 } : span;
  });
}

const FLICKER_REACH = 2;

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
