import { useNow } from '../../shared/time.ts';
import { useRoom, useRoomState } from '../use-room.ts';

/** Seconds that are left by the server's clock; null while no time runs. While paused it stands still. */
export function useRemaining(): number | null {
  const { clock } = useRoom();
  const { participant } = useRoomState();
  useNow();
  if (!participant) return null;
  const { endsAt, remainingSeconds } = participant;
  if (endsAt === null) return remainingSeconds;
  return Math.max(0, Math.ceil((Date.parse(endsAt) - clock.now()) / 1_000));
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
