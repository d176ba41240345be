import { newId } from '../../ids.ts';
import { HOLD_SECONDS, scoreOf, type Sensitivity } from '../analysis/sign-track.ts';
import { describeEpisode, inWords } from '../warnings/catalogue.ts';
import { describeGap, followGap, type Gap, GAP, type GapCause } from './gap.ts';
import { isSeldom, keepTime, type Rhythm, seldomOf, spokenFor } from './rhythm.ts';
import { endOf, follow, isUnderWay, resumeTrack, type Track, type Verdict } from './track.ts';

/** The state of a participant between two snapshots, as JSON. */
export interface EpisodeState {
  /** By warning type. */
  tracks: Record<string, Track>;
  gap?: Gap;
  /** By judge. */
  memories: Record<string, unknown>;
  /** None before the first snapshot. */
  rhythm?: Rhythm;
}

export interface Opened {
  warningId: string;
  type: string;
  since: number;
  details: string;
  /** Null if no detector measured it. */
  confidence: number | null;
}

export interface Closed {
  warningId: string;
  endedAt: number;
  details: string;
  confidence: number | null;
}

/** A warning that was ended and goes on, since the moment from which it lasts again. */
export type Resumed = Opened;

/** A step from one state to the next, with the warnings that start, end and go on. */
export interface Step {
  state: EpisodeState;
  opened: Opened[];
  closed: Closed[];
  resumed: Resumed[];
}

export const freshState = (): EpisodeState => ({ tracks: {}, memories: {} });

/** The state as this server knows it, from a row that an older one may have stored. */
export function resumeState({ tracks: stored, ...state }: EpisodeState): EpisodeState {
  const { [GAP]: gap, ...tracks } = stored as Record<string, Track> & { [GAP]?: Gap };
  const resumed = Object.fromEntries(Object.entries(tracks).map(([type, track]) => [type, resumeTrack(track)]));
  return { ...(gap && { gap }), ...state, tracks: resumed };
}

export const isOpen = ({ tracks, gap }: EpisodeState) => gap !== undefined || Object.values(tracks).some(isUnderWay);

function closedOf(type: string, { warningId, since, seen, reason, ...track }: Track, endedAt: number): Closed[] {
  if (warningId === null) return [];
  const within = (endedAt - since) / 1_000;
  const details = reason
    ? `${describeEpisode(type)}, ${reason}, for ${inWords(within)}`
    : describeEpisode(type, { seen: Math.min(seen / 1_000, within), within });
  return [{ warningId, endedAt, details, confidence: scoreOf(track) }];
}

const closedGap = (gap: Gap, endedAt: number): Closed => ({
  warningId: gap.warningId,
  endedAt,
  details: describeGap(gap, (endedAt - gap.since) / 1_000),
  confidence: null,
});

export interface Circumstances {
  /** Time of the snapshot. */
  at: number;
  /** Milliseconds since the previous one; null for the first. */
  sinceLast: number | null;
  sensitivity: Sensitivity;
  suppressed: ReadonlySet<string>;
  /** Whether earlier snapshots were skipped for longer than the hold time. */
  missed: boolean;
}

/**
 * Advances the state with the findings of one snapshot.
 * @param suppressed types that are not raised for this participant: their tracks end
 */
export function advance(
  { tracks, gap, rhythm: before }: EpisodeState,
  verdicts: readonly Verdict[],
  memories: Record<string, unknown>,
  circumstances: Circumstances,
): Step {
  const { at, sinceLast, sensitivity, suppressed } = circumstances;
  const rhythm = keepTime(before, at, sinceLast);
  const step: Step = { state: { tracks: {}, memories, rhythm }, opened: [], closed: [], resumed: [] };
  const time = { at, lasts: spokenFor(rhythm, sinceLast), lapse: sinceLast ?? 0 };
  const seen = new Map(verdicts.map((verdict) => [verdict.type, verdict]));
  for (const type of new Set([...Object.keys(tracks), ...seen.keys()])) {
    const track = tracks[type] ?? null;
    if (suppressed.has(type)) {
      if (track && isUnderWay(track)) step.closed.push(...closedOf(type, track, endOf(track)));
      continue;
    }
    const { isOn, score, reason } = seen.get(type) ?? { isOn: null, score: 0 };
    const followed = follow(track, { ...time, isOn, score }, type, sensitivity);
    if (followed.ended) step.closed.push(...closedOf(type, followed.ended, endOf(followed.ended)));
    if (followed.track) step.state.tracks[type] = { ...followed.track, ...(reason && { reason }) };
    if (followed.opens !== null) raise(step, type, followed.opens);
  }
  if (gap) goOn(step, gap, circumstances);
  tellIfSeldom(step, rhythm, at);
  return step;
}

/** Starts the warning of a track, or has it go on. */
function raise({ state: { tracks }, opened, resumed }: Step, type: string, since: number): void {
  const track = tracks[type];
  if (!track) return;
  const { reason, warningId } = track;
  const words = describeEpisode(type);
  const told = { type, since, details: reason ? `${words}, ${reason}` : words, confidence: scoreOf(track) };
  if (warningId !== null) {
    resumed.push({ warningId, ...told });
    return;
  }
  const id = newId('warn');
  tracks[type] = { ...track, warningId: id };
  opened.push({ warningId: id, ...told });
}

function goOn(step: Step, gap: Gap, { at, sensitivity, missed }: Circumstances): void {
  const hold = HOLD_SECONDS[sensitivity] * 1_000;
  const next = gap.cause === 'seldom' ? followSeldom(gap, step.state.rhythm) : followGap(gap, { at, missed, hold });
  if ('endedAt' in next) step.closed.push(closedGap(gap, next.endedAt));
  else step.state.gap = next;
}

/** Goes on until as much was judged as was not. */
function followSeldom(gap: Gap, rhythm: Rhythm | undefined): Gap | { endedAt: number } {
  const { owed, last } = seldomOf(rhythm);
  return owed > 0 ? { ...gap, last: Math.max(gap.last, last) } : { endedAt: gap.last };
}

function tellIfSeldom(step: Step, rhythm: Rhythm, at: number): void {
  const seldom = seldomOf(rhythm);
  if (!isSeldom(seldom) || seldom.isTold) return;
  const told = openGap(step.state, seldom.since, at, 'seldom');
  if (!told) return;
  step.state = { ...told.state, rhythm: { ...rhythm, seldom: { ...seldom, isTold: true } } };
  step.opened.push(...told.opened);
}

/** Nothing was analysed from `since` to `at`. Null if that is already known. */
export function openGap(state: EpisodeState, since: number, at: number, cause: GapCause): Step | null {
  if (state.gap) return null;
  const gap: Gap = { warningId: newId('warn'), since, last: at, contrary: null, cause };
  const opened: Opened = { warningId: gap.warningId, type: GAP, since, details: describeGap(gap), confidence: null };
  return { state: { ...state, gap }, opened: [opened], closed: [], resumed: [] };
}

/** Ends everything that is open, except a gap if it is kept: no more snapshots arrive. */
export function closeAll({ tracks, gap, ...kept }: EpisodeState, now: number, { keepsGap }: { keepsGap: boolean }): Step {
  const closed = Object.entries(tracks).flatMap(([type, track]) => (isUnderWay(track) ? closedOf(type, track, endOf(track)) : []));
  if (gap && !keepsGap) closed.push(closedGap(gap, now));
  return { state: { ...kept, ...(gap && keepsGap && { gap }), tracks: {} }, opened: [], closed, resumed: [] };
}
