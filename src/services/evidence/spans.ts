import type { Prisma, Recording } from '../../generated/prisma/client.ts';
import { LAST_MOMENT } from '../../validation.ts';
import type { TimedChunk } from './chunk-times.ts';

/** A stretch of a recording: when it was recorded, by the server's clock, and where it is in the file. */
export interface Span {
  /** Milliseconds since 1970. */
  at: number;
  /** Seconds from the start of the file; null for what arrived and is not in it, because it cannot be read. */
  offset: number | null;
  seconds: number;
}

export type PlacedSpan = Span & { offset: number };

/** A part of the file: what one run of a recorder wrote. */
export interface SpannedPart {
  /** Where it is in the file, and how long, in seconds. */
  offset: number;
  seconds: number;
  /** In order; empty for a part of which nothing is known. */
  chunks: readonly TimedChunk[];
}

/** Chunks that follow each other closer than that are one span. */
const CONTIGUOUS_MS = 1_000;
/** For a hostile sender: each takes 60 bytes wherever the recording is read. */
const MOST_SPANS = 500;

const endOf = ({ at, seconds }: Span) => at + seconds * 1_000;
const merge = (spans: Span[], next: Span): void => {
  const last = spans.at(-1);
  const isNext =
    last && Math.abs(next.at - endOf(last)) <= CONTIGUOUS_MS && follows(last, next) && (last.offset === null) === (next.offset === null);
  if (last && (isNext || spans.length >= MOST_SPANS)) last.seconds += next.seconds;
  else spans.push({ ...next });
};
const follows = (last: Span, next: Span) =>
  last.offset === null || next.offset === null || Math.abs(last.offset + last.seconds - next.offset) < 0.5;

/** Measured media may differ from what its chunks claim by so much before the claim is not used to place them. */
const LEAST_SCALE = 0.8;
const MOST_SCALE = 1.25;

/**
 * Where each chunk of a part is in it: chunks without a gap follow each other, and a missing one leaves its time. The claimed
 * durations are scaled to what the media was measured to last.
 */
function spansOfPart({ offset, seconds, chunks }: SpannedPart, notBefore: number): Span[] {
  const [first] = chunks;
  // Nothing says when its chunks were recorded: as if it was sent as it was recorded.
  if (!first?.isGiven) return [{ at: first ? Math.max(notBefore, lastArrival(chunks) - seconds * 1_000) : notBefore, offset, seconds }];
  let position = 0;
  let before: TimedChunk | null = null;
  const placed = chunks.map((chunk) => {
    const isNext = before !== null && before.index + 1 === chunk.index;
    if (before) position += isNext ? before.ms : Math.max(0, chunk.at - before.at);
    before = chunk;
    return { at: chunk.at, position, ms: chunk.ms };
  });
  const claimed = Math.max(1, ...placed.slice(-1).map((last) => last.position + last.ms)) / 1_000;
  const ratio = seconds / claimed;
  const scale = ratio > LEAST_SCALE && ratio < MOST_SCALE ? ratio : 1;
  const spans: Span[] = [];
  for (const { at, position, ms } of placed) {
    const start = Math.min(seconds, (position / 1_000) * scale);
    const end = Math.min(seconds, ((position + ms) / 1_000) * scale);
    if (end > start) merge(spans, { at, offset: offset + start, seconds: end - start });
  }
  return spans;
}

const lastArrival = (chunks: readonly TimedChunk[]) => chunks.reduce((latest, { arrivedAt }) => Math.max(latest, arrivedAt), 0);

/**
 * The spans of a file.
 * @param begun when the recording was registered, in milliseconds since 1970
 * @param unusable chunks that are not in it
 */
export function spansOf(parts: readonly SpannedPart[], unusable: readonly TimedChunk[], begun: number): Span[] {
  const spans: Span[] = [];
  for (const part of parts) {
    const last = spans.at(-1);
    // The first part begins with the recording.
    const isFirstUnknown = !last && !part.chunks[0]?.isGiven;
    const found = isFirstUnknown
      ? [{ at: begun, offset: part.offset, seconds: part.seconds }]
      : spansOfPart(part, last ? endOf(last) : begun);
    for (const span of found) merge(spans, span);
  }
  for (const { at, ms } of unusable) merge(spans, { at, offset: null, seconds: ms / 1_000 });
  return spans.map(({ at, offset, seconds }) => ({
    at: Math.round(at),
    offset: offset === null ? null : Math.round(offset * 1_000) / 1_000,
    seconds: Math.round(seconds * 1_000) / 1_000,
  }));
}

export const asJson = (spans: readonly Span[]): Prisma.InputJsonArray => spans.map((span) => ({ ...span }));

/** All spans of a recording, also of what is not in its file. Null if its file is not there yet. */
export const allSpans = ({ spans }: Pick<Recording, 'spans'>): Span[] | null => spans as unknown as Span[] | null;

/** Those of its file, in order of their place in it. */
export const placedSpans = (recording: Pick<Recording, 'spans'>): PlacedSpan[] =>
  (allSpans(recording) ?? []).filter((span): span is PlacedSpan => span.offset !== null);

/** Seconds from the start of the file of what was recorded at that moment; null if that is not in it. */
export function positionAt(spans: readonly PlacedSpan[], at: number): number | null {
  const span = spans.find((one) => at >= one.at && at < endOf(one));
  return span ? span.offset + (at - span.at) / 1_000 : null;
}

/** When that second of the file was recorded, in milliseconds since 1970; never later than can be stored. */
export function momentAt(spans: readonly PlacedSpan[], seconds: number): number | null {
  const span = spans.findLast(({ offset }) => offset <= seconds) ?? spans[0];
  return span ? Math.min(span.at + (seconds - span.offset) * 1_000, LAST_MOMENT.getTime()) : null;
}
