import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { onTestFinished, vi } from 'vitest';
import { createDatabase, openRoomDatabase } from '../../../../web/room/worker/database.ts';
import type { FromWorker, Seat, StreamKind, UploadState } from '../../../../web/room/worker/protocol.ts';
import { createSeatWorker, type SeatOptions } from '../../../../web/room/worker/seat-worker.ts';
import { createFakeRoom, type FakeRoom } from './fake-room.ts';

/** Long enough ago for times to stay in the past. */
const BEGAN = Date.parse('2026-01-01T10:00:00Z');
export const CHUNK_MS = 4_000;

/** An empty device. */
export function newDevice(): void {
  vi.stubGlobal('indexedDB', new IDBFactory());
}

/** An empty device, and a room in place of its network. Take both back with `vi.unstubAllGlobals()`. */
export function newRoom(): FakeRoom {
  newDevice();
  const room = createFakeRoom();
  vi.stubGlobal('fetch', room.fetch);
  return room;
}

export interface OpenedSeat {
  messages: FromWorker[];
  state(): UploadState | null;
  /** Resolves with the state when it is so. */
  until(check: (state: UploadState) => boolean): Promise<UploadState>;
  /** Gives a chunk; its content is the text. */
  chunk(kind: StreamKind, text: string, format?: string): void;
  worker: ReturnType<typeof createSeatWorker>;
  /** As if the browser were killed: nothing that runs goes on, and nothing is said any more. */
  kill(): void;
}

let minute = 0;

/** A page that is opened for a seat: the worker without the Worker. */
export function openSeat({
  seat = { examId: 'exam_1', userId: 'user_1' },
  root = 'http://room.test/',
  token = 'token',
  ...options
}: { seat?: Seat; root?: string; token?: string } & Partial<SeatOptions> = {}): OpenedSeat {
  const messages: FromWorker[] = [];
  let newest: UploadState | null = null;
  let isDead = false;
  const listeners = new Set<() => void>();
  const worker = createSeatWorker({
    start: { type: 'start', root, seat, token, heartbeat: false, snapshotSeconds: null },
    pause: () => 5,
    post(message) {
      if (isDead) return;
      messages.push(message);
      if (message.type === 'upload') newest = message.state;
      for (const listener of listeners) listener();
    },
    ...options,
  });
  onTestFinished(() => worker.stop());
  return {
    messages,
    worker,
    state: () => newest,
    async until(check) {
      for (;;) {
        if (newest && check(newest)) return newest;
        await new Promise<void>((resolve) => {
          const listener = () => {
            listeners.delete(listener);
            resolve();
          };
          listeners.add(listener);
        });
      }
    },
    chunk(kind, text, format) {
      const buffer = new TextEncoder().encode(text).buffer;
      minute += 1;
      worker.handle({ type: 'chunk', kind, buffer, startedAt: BEGAN + minute * CHUNK_MS, durationMs: CHUNK_MS, ...(format && { format }) });
    },
    kill() {
      isDead = true;
      void worker.stop();
    },
  };
}

/** The database, to look into or to break. */
export { createDatabase, openRoomDatabase };

export const refusals = ({ messages }: OpenedSeat) => messages.flatMap((message) => (message.type === 'refused' ? [message] : []));
