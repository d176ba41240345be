import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Callout, Quiet } from '../../shared/parts.tsx';
import { useRoom } from '../use-room.ts';

/** Bytes of an hour of camera and screen, as they are recorded. */
const BYTES_PER_HOUR = 500e6;
/** What private windows of Safari and of older browsers are given is far less than what a disk has. */
const PRIVATE_BYTES = 1e9;
const CLOCK_MS = 120_000;

/** Firefox and Safari refuse it in a private window. Chromium hides every difference, its quota too. */
const hasNoFolder = async (): Promise<boolean> => {
  try {
    await navigator.storage?.getDirectory?.();
    return false;
  } catch {
    return true;
  }
};

/** What the candidate may want to know of the device: nothing here stops them. */
export function DeviceFacts() {
  const t = useTranslations('devices');
  const { clock } = useRoom();
  const [room, setRoom] = useState<number | null>(null);
  const [isRefused, setRefused] = useState(false);
  useEffect(() => {
    // Before anything is kept: browsers grant it by what the person did here before, and some ask.
    navigator.storage?.persist?.().catch(() => false);
    navigator.storage?.estimate?.().then(
      ({ quota = 0, usage = 0 }) => setRoom(quota - usage),
      () => {},
    );
    void hasNoFolder().then(setRefused);
  }, []);
  const isPrivate = isRefused || (room !== null && room < PRIVATE_BYTES);
  const minutes = Math.round(Math.abs(clock.ahead() ?? 0) / 60_000);
  return (
    <>
      {room !== null && <Quiet>{t('storage', { hours: Math.floor(room / BYTES_PER_HOUR) })}</Quiet>}
      {isPrivate ? <Callout tone="warn">{t('private')}</Callout> : <Quiet>{t('maybePrivate')}</Quiet>}
      {minutes * 60_000 >= CLOCK_MS && <Quiet>{t('clock', { minutes })}</Quiet>}
    </>
  );
}
