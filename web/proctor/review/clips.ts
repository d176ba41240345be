import type { Recorded, TrackType } from './model.ts';

/** A stretch of a recording: when it was recorded, in milliseconds since 1970, and where it is in its file, in seconds. */
export interface Clip {
  recordingId: string;
  from: number;
  to: number;
  offset: number;
}

export type Clips = Readonly<Record<TrackType, readonly Clip[]>>;

type Placed = Pick<Recorded, 'id' | 'startedAt' | 'createdAt' | 'duration' | 'spans'>;

/** The stretches of one recording. A file that nobody has looked at yet is taken to be in one piece. */
function clipsOf({ id, startedAt, createdAt, duration, spans }: Placed): Clip[] {
  if (spans.length === 0 && duration !== null && duration > 0) {
    const from = Date.parse(startedAt ?? createdAt);
    return [{ recordingId: id, from, to: from + duration * 1_000, offset: 0 }];
  }
  return spans.map((span) => {
    const from = Date.parse(span.startedAt);
    return { recordingId: id, from, to: from + span.seconds * 1_000, offset: span.offsetSeconds };
  });
}

const byTime = (a: Clip, b: Clip) => a.from - b.from || b.to - a.to;

/** What there is of camera and screen, by time. */
export function allClips(recordings: readonly (Placed & Pick<Recorded, 'type'>)[]): Clips {
  const of = (type: TrackType) =>
    recordings
      .filter((one) => one.type === type)
      .flatMap(clipsOf)
      .toSorted(byTime);
  return { WEBCAM: of('WEBCAM'), SCREEN: of('SCREEN') };
}

const holds = ({ from, to }: Clip, at: number) => at >= from && at < to;

/** What shows that moment; where several recordings do, the one that plays already, else the one that goes on for longest. */
export function clipAt(clips: readonly Clip[], at: number, playing?: string | null): Clip | null {
  let best: Clip | null = null;
  for (const clip of clips) {
    if (clip.from > at) break;
    if (!holds(clip, at)) continue;
    if (clip.recordingId === playing) return clip;
    if (!best || clip.to > best.to) best = clip;
  }
  return best;
}

/** The place of a moment in the file of its clip, in seconds. */
export const positionIn = ({ from, offset }: Clip, at: number) => offset + (at - from) / 1_000;

/** When that second of a recording was recorded; null for a recording without clips. */
export function momentIn(clips: readonly Clip[], recordingId: string, seconds: number): number | null {
  const own = clips.filter((clip) => clip.recordingId === recordingId);
  const clip = own.toSorted((a, b) => a.offset - b.offset).findLast(({ offset }) => offset <= seconds) ?? own[0];
  return clip ? clip.from + (seconds - clip.offset) * 1_000 : null;
}

export interface Stretch {
  from: number;
  to: number;
}

/** The time in which there is something, without overlaps. Stretches closer than a tenth of a second are one. */
export function covered(clips: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { from, to } of clips.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && from - last.to <= 100) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** The first moment from which on there is something again; null if there is none. */
export function nextCovered(clips: readonly Stretch[], at: number): number | null {
  let next: number | null = null;
  for (const { from, to } of clips) {
    if (to <= at) continue;
    const start = Math.max(from, at);
    if (next === null || start < next) next = start;
  }
  return next;
}
