import { useEffect, useState } from 'react';
import { useFormatter } from 'use-intl';
import { useRoom, useRoomState } from '../use-room.ts';

/** Renders again with every whole second. */
function useTick(): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
}

/** Seconds that are left by the server's clock; null while no time runs. While paused it stands still. */
export function useRemaining(): number | null {
  const { clock } = useRoom();
  const { participant } = useRoomState();
  useTick();
  if (!participant) return null;
  const { endsAt, remainingSeconds } = participant;
  if (endsAt === null) return remainingSeconds;
  return Math.max(0, Math.ceil((Date.parse(endsAt) - clock.now()) / 1_000));
}

const two = (n: number) => String(n).padStart(2, '0');

/** `1:05:00`, or `05:00` below an hour. */
export function asClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole >= 3_600 ? `${Math.floor(whole / 3_600)}:${rest}` : rest;
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
