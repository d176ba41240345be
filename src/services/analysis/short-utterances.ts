import { describeUtterances } from '../warnings/catalogue.ts';
import type { AnalysisWarning } from './episodes.ts';
import { rulesFor, type Sensitivity } from './sign-track.ts';
import type { Span } from './timeline.ts';

/** Speech is judged by the second, so a word of a second and a half fills up to three; two are most of them. */
const LONGEST_SECONDS = 2;
const WITHIN_SECONDS = 120;
/** Utterances within that time. */
const LEAST: Record<Sensitivity, number> = { LOW: 8, MEDIUM: 5, HIGH: 4 };

interface Stretch {
  start: number;
  end: number;
}

interface Utterance extends Stretch {
  score: number;
}

/**
 * Short utterances again and again, such as one-word answers to somebody: too short and too rare to be `talking`.
 * @param talk whether somebody talks, per second
 * @param talking the episodes of `talking`, seconds: what is in them counts there, and not here
 */
export function findShortUtterances(
  talk: readonly Span<boolean>[],
  talking: readonly Stretch[],
  sensitivity: Sensitivity,
): AnalysisWarning[] {
  const { least } = rulesFor('short_utterances', sensitivity);
  const count = LEAST[sensitivity];
  const utterances = utterancesOf(talk).filter(
    ({ start, end }) => end - start <= LONGEST_SECONDS && !talking.some((episode) => start < episode.end && end > episode.start),
  );
  // By index, from and up to: a day of them must not be looked through for each.
  const found: [from: number, to: number][] = [];
  for (let first = 0; first + count <= utterances.length; first += 1) {
    const some = utterances.slice(first, first + count);
    const [begin, last] = [some[0], some.at(-1)];
    if (!begin || !last || last.end - begin.start > WITHIN_SECONDS || meanScore(some) < least) continue;
    const before = found.at(-1);
    if (before && first < before[1]) before[1] = first + count;
    else found.push([first, first + count]);
  }
  return found.map(([from, to]) => {
    const group = utterances.slice(from, to);
    const [startSeconds, endSeconds] = [group[0]?.start ?? 0, group.at(-1)?.end ?? 0];
    return {
      type: 'short_utterances',
      startSeconds,
      endSeconds,
      confidence: Math.round(meanScore(group) * 1_000) / 1_000,
      details: describeUtterances(group.length, endSeconds - startSeconds),
    };
  });
}

const meanScore = (some: readonly Utterance[]) => some.reduce((sum, { score }) => sum + score, 0) / some.length;

/** Runs of seconds with speech. */
function utterancesOf(talk: readonly Span<boolean>[]): Utterance[] {
  const runs: Span<boolean>[][] = [];
  let isRunning = false;
  for (const span of talk) {
    if (span.state && isRunning) runs.at(-1)?.push(span);
    else if (span.state) runs.push([span]);
    isRunning = span.state;
  }
  return runs.map((run) => ({
    start: run[0]?.start ?? 0,
    end: run.at(-1)?.end ?? 0,
    score: run.reduce((sum, { score }) => sum + score, 0) / run.length,
  }));
}
