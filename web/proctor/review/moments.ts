import { type Clips, momentIn, type Stretch } from './clips.ts';
import type { Finding, Note, Reviewed, Track, TrackType } from './model.ts';

interface At extends Stretch {
  key: string;
}

/** Something that happened, at one time or for a while. Times are milliseconds since 1970. */
export type Moment = At &
  (
    | { kind: 'warning'; warning: Finding }
    | { kind: 'segment'; type: string; track: TrackType; confidence: number }
    | { kind: 'message'; message: Note }
    | { kind: 'gap'; track: TrackType; cause: string }
    | { kind: 'pause' }
    | { kind: 'credit'; minutes: number; reason: string }
  );
export type WarningMoment = Extract<Moment, { kind: 'warning' }>;

/** Says what is ordinary, and would hide the rest. */
const ORDINARY = 'face_present';

/** As far as the clocks of a recording and of snapshots may differ. */
const SLACK_MS = 5_000;
const isInside = (clips: Clips, at: number) => [...clips.WEBCAM, ...clips.SCREEN].some(({ from, to }) => from <= at && at < to);

function warningMoment(warning: Finding, clips: Clips): WarningMoment {
  const { id, timestamp, endedAt, recording, offsetSeconds } = warning;
  const told = Date.parse(timestamp);
  const lasted = endedAt === null ? 0 : Math.max(0, Date.parse(endedAt) - told);
  const shown =
    recording && offsetSeconds !== null
      ? (momentIn(clips.WEBCAM, recording.id, offsetSeconds) ?? momentIn(clips.SCREEN, recording.id, offsetSeconds))
      : null;
  // One finding in a recording may be what several live warnings told of: each happened when it was told.
  const from = shown === null || (Math.abs(told - shown) > SLACK_MS && isInside(clips, told)) ? told : shown;
  return { kind: 'warning', key: id, from, to: from + lasted, warning };
}

/** Pauses are the same for both tracks, and no fault of either. */
function pausesOf(evidence: readonly Track[]): Moment[] {
  const found = new Map<string, Moment>();
  for (const { gaps } of evidence)
    for (const { cause, from, to } of gaps)
      if (cause === 'paused') found.set(from, { kind: 'pause', key: `pause ${from}`, from: Date.parse(from), to: Date.parse(to ?? from) });
  return [...found.values()];
}

/** Everything, in order of time. @param now until when a gap lasts that has not ended */
export function momentsOf(
  person: Pick<Reviewed, 'warnings' | 'messages' | 'evidence' | 'recordings' | 'timeCredits'>,
  clips: Clips,
  now: number,
) {
  const moments: Moment[] = person.warnings.map((warning) => warningMoment(warning, clips));
  for (const { id, type: track, analysis } of person.recordings) {
    for (const { type, startSeconds, endSeconds, confidence } of analysis?.segments ?? []) {
      const from = type === ORDINARY ? null : momentIn(clips[track], id, startSeconds);
      if (from === null) continue;
      const to = from + (endSeconds - startSeconds) * 1_000;
      moments.push({ kind: 'segment', key: `${id} ${type} ${startSeconds}`, from, to, type, track, confidence });
    }
  }
  for (const message of person.messages) {
    const from = Date.parse(message.sentAt);
    moments.push({ kind: 'message', key: message.id, from, to: from, message });
  }
  for (const { at, minutes, reason } of person.timeCredits)
    moments.push({ kind: 'credit', key: `credit ${at}`, from: Date.parse(at), to: Date.parse(at), minutes, reason });
  moments.push(...pausesOf(person.evidence));
  for (const { type: track, gaps } of person.evidence)
    for (const { cause, from, to } of gaps)
      if (cause !== 'paused')
        moments.push({
          kind: 'gap',
          key: `${track} ${from}`,
          from: Date.parse(from),
          to: to === null ? now : Date.parse(to),
          track,
          cause,
        });
  return moments.toSorted((a, b) => a.from - b.from || a.key.localeCompare(b.key));
}

export const isWarning = (moment: Moment): moment is WarningMoment => moment.kind === 'warning';

/** So much later a warning counts as passed, so that pressing “next” at one goes to another. */
const SAME_MS = 500;

/** The next warning, or the one before; null without one. */
export function nextWarning(moments: readonly Moment[], at: number, direction: 1 | -1): WarningMoment | null {
  const warnings = moments.filter(isWarning);
  const found = direction === 1 ? warnings.find(({ from }) => from > at + SAME_MS) : warnings.findLast(({ from }) => from < at - SAME_MS);
  return found ?? null;
}

/** A clock that is wrong may put a warning far outside of what was recorded. */
const OUTSIDE_MS = 10 * 60_000;

/** The time that the timeline shows. */
export function rangeOf(moments: readonly Moment[], clips: Clips, startedAt: string | null): Stretch {
  const sure: Stretch[] = [...clips.WEBCAM, ...clips.SCREEN, ...moments.filter(({ kind }) => kind === 'gap' || kind === 'pause')];
  if (startedAt !== null) sure.push({ from: Date.parse(startedAt), to: Date.parse(startedAt) });
  const all = sure.length > 0 ? sure : moments;
  if (all.length === 0) return { from: 0, to: 1_000 };
  let from = all.reduce((least, one) => Math.min(least, one.from), Number.POSITIVE_INFINITY);
  let to = all.reduce((most, one) => Math.max(most, one.to), Number.NEGATIVE_INFINITY);
  const near = moments.filter((one) => one.from >= from - OUTSIDE_MS && one.from <= to + OUTSIDE_MS);
  from = near.reduce((least, one) => Math.min(least, one.from), from);
  to = near.reduce((most, one) => Math.max(most, one.from), to);
  return { from, to: Math.max(to, from + 1_000) };
}

/** What is shown of the timeline: all of it, or a part in which the player is. */
export function windowOf(range: Stretch, seconds: number | null, at: number): Stretch {
  const all = range.to - range.from;
  if (seconds === null || seconds * 1_000 >= all) return range;
  const size = seconds * 1_000;
  // By whole windows, so that nothing moves under a pointer while it plays.
  const from = Math.min(range.to - size, range.from + Math.floor((at - range.from) / size) * size);
  return { from: Math.max(range.from, from), to: Math.max(range.from, from) + size };
}

/** Puts together what would be closer than a finger is wide. @param at where each is, in pixels, in order @returns indexes */
export function grouped(at: readonly number[], least: number): number[][] {
  const groups: number[][] = [];
  let begun = Number.NEGATIVE_INFINITY;
  for (const [index, place] of at.entries()) {
    if (place - begun < least) groups.at(-1)?.push(index);
    else {
      groups.push([index]);
      begun = place;
    }
  }
  return groups;
}

const CLOCK = /^(\d{1,2})(?:[:.h ]?(\d{2}))(?:[:. ]?(\d{2}))?(?:\s*([ap])\.?m\.?)?$/i;
const DAY_MS = 24 * 3_600_000;
const NOON = 12;

/**
 * The moment that somebody means by `10:41`, `10:41:07` or `10:41 pm`, in the reader's time zone: on a clock of twelve hours the reading
 * that is in the range. Null if there is none.
 */
export function momentByClock(text: string, range: Stretch): number | null {
  const [, hours, minutes, seconds, half] = CLOCK.exec(text.trim()) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds ?? 0)];
  if (h > 23 || m > 59 || s > 59 || (half !== undefined && (h < 1 || h > NOON))) return null;
  const exact = seconds !== undefined;
  if (half !== undefined) return momentAt((h % NOON) + (half.toLowerCase() === 'p' ? NOON : 0), m, s, { range, exact });
  return momentAt(h, m, s, { range, exact }) ?? (h < NOON ? momentAt(h + NOON, m, s, { range, exact }) : null);
}

/** @param options.exact whether the seconds were said */
function momentAt(h: number, m: number, s: number, { range, exact }: { range: Stretch; exact: boolean }): number | null {
  const day = new Date(range.from);
  const first = new Date(day.getFullYear(), day.getMonth(), day.getDate(), h, m, s).getTime();
  for (let at = first; at <= range.to; at += DAY_MS) {
    if (at >= range.from) return at;
    // The minute or second counts in which the range begins.
    if (at + (exact ? 1_000 : 60_000) > range.from) return range.from;
  }
  return null;
}
