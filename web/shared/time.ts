import { useEffect, useState } from 'react';

/** The time by `performance.now()`, with every whole second or less often: whoever uses it is drawn again then. */
export function useNow(ms = 1_000): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

const two = (n: number) => String(n).padStart(2, '0');

/** `1:05:00`, or `05:00` below an hour. */
export function asClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole >= 3_600 ? `${Math.floor(whole / 3_600)}:${rest}` : rest;
}
