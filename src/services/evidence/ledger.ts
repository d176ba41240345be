import type { RecordingStatus, RecordingType } from '../../generated/prisma/client.ts';
import type { Sitting } from './sitting.ts';
import { common, lengthOf, type Stretch, touches, union, within, without } from './stretches.ts';

/** Why evidence is missing. */
export type GapCause =
  | 'paused'
  | 'disconnected'
  | 'camera_stopped'
  | 'screen_share_stopped'
  | 'not_sent_yet'
  | 'lost'
  | 'unreadable'
  | 'not_started';

export interface EvidenceGap {
  from: Date;
  /** Null while it lasts. */
  to: Date | null;
  cause: GapCause;
}

/** What there is of one kind of recording, compared with what there should be. */
export interface EvidenceTrack {
  type: RecordingType;
  lastChunkAt: Date | null;
  /** Of the expected ones; before the beginning, all that there are. */
  receivedSeconds: number;
  expectedSeconds: number;
  gaps: EvidenceGap[];
}

/** A recording as far as the ledger needs it. */
export interface LedgerRecording {
  type: RecordingType;
  status: RecordingStatus;
  begunAt: Date;
  lastChunkAt: Date | null;
  closed: boolean;
  /** Whether its sender has said how many chunks there are. */
  isAnnounced: boolean;
  received: readonly Stretch[];
  unreadable: readonly Stretch[];
}

/** The client's warning that a camera or a screen stopped. */
export interface Stopped {
  type: RecordingType;
  at: Date;
}

/** Less is the pause between two recorders. */
const SHORTEST_GAP_MS = 3_000;
/** A chunk that is being recorded now. */
const IN_THE_MAKING_MS = 30_000;
/** From a warning that the camera stopped to the end of what was recorded, or the reverse. */
const NEAR_MS = 30_000;

const STOPPED = { WEBCAM: 'camera_stopped', SCREEN: 'screen_share_stopped' } as const;
const seconds = (ms: number) => Math.round(ms / 100) / 10;

/** The ledger of one kind of recording. */
export function trackOf(
  type: RecordingType,
  sitting: Sitting,
  { recordings, stops }: { recordings: readonly LedgerRecording[]; stops: readonly Stopped[] },
): EvidenceTrack {
  const own = recordings.filter((one) => one.type === type);
  const lastChunkAt = own.reduce<Date | null>(
    (last, one) => (one.lastChunkAt && (!last || one.lastChunkAt > last) ? one.lastChunkAt : last),
    null,
  );
  const received = union(own.flatMap((one) => one.received));
  const { whole, paused, out } = sitting;
  if (!whole) return { type, lastChunkAt, receivedSeconds: seconds(lengthOf(received)), expectedSeconds: 0, gaps: [] };
  const seated = without([whole], union(out));
  const expected = without(seated, union(paused));
  const isMaking = !sitting.hasEnded && own.some(({ closed }) => !closed);
  const settled = isMaking ? { from: whole.from, to: Math.max(whole.from, whole.to - IN_THE_MAKING_MS) } : whole;
  const missing = without(within(seated, settled), received);
  const causes = { sitting, own, stops: stops.filter((one) => one.type === type) };
  const gaps = missing
    .flatMap((gap) => explained(gap, causes, type))
    .filter(({ from, to }) => to - from >= SHORTEST_GAP_MS)
    .map(({ from, to, cause }) => ({ from: new Date(from), to: to === settled.to && !sitting.hasEnded ? null : new Date(to), cause }));
  return {
    type,
    lastChunkAt,
    receivedSeconds: seconds(lengthOf(common(expected, received))),
    expectedSeconds: seconds(lengthOf(expected)),
    gaps,
  };
}

interface Causes {
  sitting: Sitting;
  own: readonly LedgerRecording[];
  stops: readonly Stopped[];
}

type Explained = Stretch & { cause: GapCause };

/** Takes a gap apart by what was the case meanwhile. */
function explained(gap: Stretch, { sitting, own, stops }: Causes, type: RecordingType): Explained[] {
  const paused = within(union(sitting.paused), gap);
  const away = common(without([gap], paused), union(sitting.away));
  const told = union([...paused, ...away]);
  const first = own.reduce((least, { begunAt }) => Math.min(least, begunAt.getTime()), Infinity);
  const rest = without([gap], told).flatMap(({ from, to }): Explained[] => {
    if (from >= first || to <= first) return [{ from, to, cause: causeOf({ from, to }, { sitting, own, stops }, type) }];
    return [
      { from, to: first, cause: 'not_started' },
      { from: first, to, cause: causeOf({ from: first, to }, { sitting, own, stops }, type) },
    ];
  });
  const parts: Explained[] = [
    ...paused.map(({ from, to }) => ({ from, to, cause: 'paused' as const })),
    ...away.map(({ from, to }) => ({ from, to, cause: 'disconnected' as const })),
    ...rest,
  ];
  return parts.toSorted((a, b) => a.from - b.from);
}

function causeOf(gap: Stretch, { sitting, own, stops }: Causes, type: RecordingType): GapCause {
  if (own.every(({ begunAt }) => begunAt.getTime() >= gap.to)) return 'not_started';
  const isStopped = stops.some(({ at }) => at.getTime() >= gap.from - NEAR_MS && at.getTime() < gap.to);
  if (isStopped) return STOPPED[type];
  if (own.some(({ unreadable }) => touches(gap, unreadable))) return 'unreadable';
  const isOnline = !sitting.hasEnded && !sitting.away.some(({ to }) => to === sitting.whole?.to);
  const mayCome = own.some(({ closed, begunAt, isAnnounced }) => !closed && begunAt.getTime() < gap.to && (isAnnounced || isOnline));
  return mayCome ? 'not_sent_yet' : 'lost';
}
