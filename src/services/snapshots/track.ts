import {
  followSign,
  HOLD_SECONDS,
  LEAST_CONTRARIES,
  LONGEST_LAPSE_MS,
  rulesFor,
  type Sensitivity,
  type SignSample,
  type SignTrack,
  TOLERANCE_MS,
} from '../analysis/sign-track.ts';

/** What one snapshot says about one type of episode. */
export interface Verdict {
  /** Warning type. */
  type: string;
  /** Null if the snapshot cannot tell. */
  isOn: boolean | null;
  /** How sure it is if it is on, 0..1. */
  score: number;
  /** More about it, for a proctor to read, for example `unlike in 6 of 7 clear pictures`. */
  reason?: string;
}

/** A sign of one participant, as JSON, with its warning once it has lasted. Times are milliseconds since 1970. */
export interface Track extends SignTrack {
  /** The first snapshot after `last` that shows the contrary; null if none does. */
  contrary: number | null;
  /** Null until it has lasted for the hold time. */
  warningId: string | null;
  /** The warning was ended; if the sign soon lasts again, it goes on. */
  isOver: boolean;
  reason?: string;
}

/** A track as an older server may have stored it. */
type Stored = Partial<Track> & Pick<Track, 'since' | 'last' | 'contrary' | 'sightings' | 'scores' | 'warningId'>;

export const resumeTrack = (stored: Stored): Track => ({
  lasts: 0,
  seen: stored.last - stored.since,
  contraries: stored.contrary === null ? 0 : 1,
  recent: stored.warningId === null ? [] : null,
  isOver: false,
  ...stored,
});

interface Followed {
  /** Null if there is nothing left to track. */
  track: Track | null;
  /** If it has lasted now, since when: its warning starts, or goes on. */
  opens: number | null;
  /** The track whose warning ends. */
  ended: Track | null;
}

export const isUnderWay = ({ warningId, isOver }: Track): boolean => warningId !== null && !isOver;

/** When a finished episode ended: with the first contrary snapshot, if that is close to the last sighting. */
export const endOf = ({ last, contrary }: Track) => (contrary !== null && contrary - last <= LONGEST_LAPSE_MS ? contrary : last);

/**
 * Continues a track with one more snapshot, by the rule that recordings have, with one difference: whoever watches learns sooner
 * that it is over, after the hold time without the sign. If it soon lasts again that is the same warning, which goes on.
 */
export function follow(track: Track | null, sample: SignSample, type: string, sensitivity: Sensitivity): Followed {
  const { track: sign, opening, ended } = followSign(track, sample, rulesFor(type, sensitivity));
  const { at, isOn } = sample;
  const contrary = isOn ? null : (track?.contrary ?? (isOn === null ? null : at));
  if (ended && track) {
    const finished = isUnderWay(track) ? { ...track, contrary: isOn ? track.contrary : contrary } : null;
    return { track: sign && { ...fresh, ...sign }, opens: null, ended: finished };
  }
  if (!sign) return { track: null, opens: null, ended: null };
  const { warningId, isOver, reason } = track ?? fresh;
  const next: Track = { ...sign, contrary, warningId, isOver: isOver && !opening, ...(reason && { reason }) };
  if (isUnderWay(next) && isNoMore(next, at, sensitivity))
    return { track: { ...next, isOver: true, recent: [] }, opens: null, ended: next };
  // It began when it began to last: what was seen for a moment before is not told. One that goes on keeps its beginning.
  return { track: opening && warningId === null ? { ...next, ...opening } : next, opens: opening?.since ?? null, ended: null };
}

const fresh: Pick<Track, 'contrary' | 'warningId' | 'isOver' | 'reason'> = { contrary: null, warningId: null, isOver: false };

const isNoMore = ({ contraries, last }: Track, at: number, sensitivity: Sensitivity): boolean =>
  contraries >= LEAST_CONTRARIES && at - last >= HOLD_SECONDS[sensitivity] * 1_000 - TOLERANCE_MS;
