import type { FromWorker, Seat, ToWorker } from './protocol.ts';
import { createSeatWorker, type SeatWorker } from './seat-worker.ts';

/**
 * The worker of the room. It has the timers and the requests, since a browser slows down those of a hidden page. One seat at a time:
 * what is kept of others waits until their page is opened.
 */
let current: { seat: Seat; worker: SeatWorker; release: () => void } | null = null;
/** Messages wait while another tab has the seat. */
let tail: Promise<void> = Promise.resolve();

/** Two workers of one seat would give the same index to different chunks. */
function own({ examId, userId }: Seat): Promise<() => void> {
  return new Promise((resolve) => {
    void navigator.locks.request(`invigil-room ${examId} ${userId}`, () => new Promise<void>((release) => resolve(release)));
  });
}

const post = (message: FromWorker) => postMessage(message);

async function end(): Promise<void> {
  await current?.worker.stop();
  current?.release();
  current = null;
}

async function take(message: ToWorker): Promise<void> {
  if (message.type === 'stop') {
    await end();
    return close();
  }
  if (message.type === 'start') {
    const { examId, userId } = message.seat;
    if (current?.seat.examId !== examId || current.seat.userId !== userId) {
      await end();
      const release = await own(message.seat);
      current = { seat: message.seat, release, worker: createSeatWorker({ start: message, post }) };
      return;
    }
  }
  current?.worker.handle(message);
}

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  tail = tail.then(() => take(data));
});
post({ type: 'ready' });
