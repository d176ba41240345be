import { createContext, use, useState, useSyncExternalStore } from 'react';
import { useTranslations } from 'use-intl';
import { ApiError, NetworkError } from '../shared/api.ts';
import { useStore } from '../shared/store.ts';
import type { CaptureState } from './capture/capture.ts';
import type { RoomState } from './session/room-state.ts';
import type { Room } from './session/room.ts';

const RoomContext = createContext<Room | null>(null);
export const RoomProvider = RoomContext.Provider;

export function useRoom(): Room {
  const room = use(RoomContext);
  if (!room) throw new Error('outside of the room');
  return room;
}

export const useRoomState = (): RoomState => useStore(useRoom().store);

const NEVER = () => () => {};

/** Null until the exam is known. */
export function useCapture(): CaptureState | null {
  const { capture } = useRoom();
  return useSyncExternalStore(capture?.subscribe ?? NEVER, () => capture?.getState() ?? null);
}

/** The exam, in views that there are only with one. */
export function useExam() {
  const { exam } = useRoomState();
  if (!exam) throw new Error('without an exam');
  return exam;
}

/** An error in words. */
export function useFault() {
  const t = useTranslations('fault');
  return (error: unknown): string => {
    if (error instanceof NetworkError) return t('network');
    if (error instanceof ApiError) {
      const detail = error.details[0];
      return t('refused', { message: detail ? `${error.message} (${detail.field} ${detail.issue})` : error.message });
    }
    return t('other');
  };
}

/** A button's work: whether it runs, and what went wrong the last time. A second click while it runs does nothing. */
export function useAction<Args extends unknown[]>(work: (...args: Args) => Promise<void>) {
  const inWords = useFault();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  /** @returns whether it was done */
  const attempt = async (...args: Args): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    setFault(null);
    try {
      await work(...args);
      return true;
    } catch (error) {
      setFault(inWords(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { attempt, run: (...args: Args) => void attempt(...args), isBusy, fault };
}
