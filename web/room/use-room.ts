import { createContext, use, useSyncExternalStore } from 'react';
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
