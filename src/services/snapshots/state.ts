import { newId } from '../../ids.ts';
import { HOLD_SECONDS, rulesFor, type Sensitivity } from '../analysis/sign-track.ts';
import { describeEpisode, inWords } from '../warnings/catalogue.ts';
import { keepTime, type Rhythm } from './rhythm.ts';
import { confidenceOf, endOf, follow, type GapCause, type Track, type Verdict } from './track.ts';

/** The state of a participant between two snapshots, as JSON. */
export interface EpisodeState {
  /** By warning type. */
  tracks: Record<string, Track>;
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

/** A step from one state to the next, with the warnings that start and end. */
export interface Step {
  state: EpisodeState;
  opened: Opened[];
  closed: Closed[];
}

/** Missing evidence, which is tracked like an episode. */
export const GAP = 'evidence_gap';

export const freshState = (): EpisodeState => ({ tracks: {}, memories: {} });

export const isOpen = ({ tracks }: EpisodeState) => Object.values(tracks).some(({ warningId }) => warningId !== null);

const GAP_WORDS: Record<GapCause, string> = {
  overload: 'The server was overloaded: no snapshot was analysed',
  unreadable: 'No snapshot could be read',
  silence: 'The participant was present, but no snapshot arrived',
  unavailable: 'The service that analyses snapshots was unavailable: its quota or cap is used up, or it cannot be reached',
};

function closedOf(type: string, { warningId, since, cause, ...track }: Track, endedAt: number): Closed[] {
  if (warningId === null) return [];
  const seconds = (endedAt - since) / 1_000;
  if (cause) return [{ warningId, endedAt, details: `${GAP_WORDS[cause]} for ${inWords(seconds)}`, confidence: null }];
  return [{ warningId, endedAt, details: describeEpisode(type, { seen: seconds, within: seconds }), confidence: confidenceOf(track) }];
}

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
  state: EpisodeState,
  verdicts: readonly Verdict[],
  memories: Record<string, unknown>,
  { at, sinceLast, sensitivity, suppressed, missed }: Circumstances,
): Step {
  const step: Step = { state: { tracks: {}, memories, rhythm: keepTime(state.rhythm, sinceLast) }, opened: [], closed: [] };
  const hold = HOLD_SECONDS[sensitivity] * 1_000;
  const seen = new Map(verdicts.map((verdict) => [verdict.type, verdict]));
  for (const type of new Set([...Object.keys(state.tracks), ...seen.keys()])) {
    const track = state.tracks[type] ?? null;
    if (suppressed.has(type)) {
      if (track) step.closed.push(...closedOf(type, track, endOf(track)));
      continue;
    }
    const verdict = type === GAP ? { type, isOn: missed, score: 0 } : (seen.get(type) ?? { type, isOn: null, score: 0 });
    const { track: next, opens, ended } = follow(track, verdict, at, { hold, least: rulesFor(type, sensitivity).least });
    if (ended) step.closed.push(...closedOf(type, ended.track, type === GAP ? endOfGap(ended.track, at) : ended.at));
    if (!next) continue;
    const warningId = opens ? newId('warn') : next.warningId;
    step.state.tracks[type] = { ...next, warningId };
    if (opens && warningId)
      step.opened.push({ warningId, type, since: next.since, details: describeEpisode(type), confidence: confidenceOf(next) });
  }
  return step;
}

/** Silence ends with the first snapshot, any other gap with the first analysis after which no snapshot is skipped. */
const endOfGap = ({ cause, last, contrary }: Track, at: number) => (cause === 'silence' ? (contrary ?? at) : last);

/** Nothing was analysed from `since` to `at`. Null if that is already known. */
export function openGap(state: EpisodeState, since: number, at: number, cause: GapCause): Step | null {
  if (state.tracks[GAP]) return null;
  const warningId = newId('warn');
  const track: Track = { since, last: at, contrary: null, sightings: 0, scores: 0, looks: 0, warningId, cause };
  return {
    state: { ...state, tracks: { ...state.tracks, [GAP]: track } },
    opened: [{ warningId, type: GAP, since, details: GAP_WORDS[cause], confidence: null }],
    closed: [],
  };
}

/** Ends everything that is open, except a gap if it is kept: no more snapshots arrive. */
export function closeAll({ tracks, ...kept }: EpisodeState, now: number, { keepsGap }: { keepsGap: boolean }): Step {
  const { [GAP]: gap, ...others } = tracks;
  const closed = Object.entries(others).flatMap(([type, track]) => closedOf(type, track, endOf(track)));
  if (!gap || keepsGap) return { state: { ...kept, tracks: gap ? { [GAP]: gap } : {} }, opened: [], closed };
  return { state: { ...kept, tracks: {} }, opened: [], closed: [...closed, ...closedOf(GAP, gap, now)] };
}
