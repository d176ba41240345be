import { useFormatter } from 'use-intl';
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

/** `3.2 MB`, as the language writes it. */
export function useMegabytes(): (bytes: number) => string {
  const format = useFormatter();
  return (bytes) => {
    const digits = bytes < 1e7 ? 1 : 0;
    const style = { style: 'unit', unit: 'megabyte', minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
    return format.number(bytes / 1e6, style);
  };
}
