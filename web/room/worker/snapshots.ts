import type { Api } from '../../shared/api.ts';
import { type Final, OK, outcomeOf } from './outcome.ts';
import type { Seat } from './protocol.ts';
import type { Lane } from './queue.ts';

/** A picture that took longer shows another moment. */
const SEND_MS = 15_000;

interface Options {
  seat: Seat;
  api: Api;
  /** Asks for a picture. */
  onDue(): void;
  onRefused(final: Final): void;
}

/** The clock of the snapshots. They are not queued: a picture that could not be sent gives way to the next. */
export function createSnapshots({ seat, api, onDue, onRefused }: Options) {
  let timer: ReturnType<typeof setInterval> | undefined;
  let newest: { image: ArrayBuffer; takenAt: number } | null = null;
  let isSending = false;

  async function send({ image, takenAt }: { image: ArrayBuffer; takenAt: number }) {
    const time = encodeURIComponent(new Date(takenAt).toISOString());
    try {
      await api.rest(`/exams/${encodeURIComponent(seat.examId)}/snapshots?takenAt=${time}`, {
        method: 'POST',
        body: image,
        headers: { 'content-type': 'image/jpeg' },
        timeoutMs: SEND_MS,
      });
      return OK;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind === 'final') onRefused(outcome);
      // A picture too many is no reason for the recordings to wait.
      return outcome.kind === 'passing' && !outcome.isOffline ? OK : outcome;
    } finally {
      isSending = false;
    }
  }

  const lane: Lane = {
    next() {
      if (!newest || isSending) return null;
      const picture = newest;
      newest = null;
      isSending = true;
      return () => send(picture);
    },
  };

  return {
    lane,
    /** Null for none. */
    every(seconds: number | null): void {
      clearInterval(timer);
      if (seconds === null) {
        newest = null;
        return;
      }
      onDue();
      timer = setInterval(() => {
        newest = null;
        onDue();
      }, seconds * 1_000);
    },
    add(picture: { image: ArrayBuffer; takenAt: number }): void {
      newest = picture;
    },
    stop: () => clearInterval(timer),
  };
}
