import type { Api } from '../../shared/api.ts';
import type { Journal } from './journal.ts';
import { type Final, OK, outcomeOf } from './outcome.ts';
import type { Seat, Signal } from './protocol.ts';
import type { Lane } from './queue.ts';
import type { SignalRecord } from './records.ts';

/** What the server takes in one request. */
const MOST = 100;

interface Options {
  seat: Seat;
  api: Api;
  journal: Journal;
  onRefused(final: Final): void;
  onChange(): void;
}

/** Signals for the proctor: kept until the server has them. Their ids are their own, so a repeat is stored once. */
export function createOutbox({ seat, api, journal, onRefused, onChange }: Options) {
  const waiting = new Map<string, SignalRecord>();
  let isSending = false;
  /** One at a time after a refusal: whatever is wrong with one is not wrong with all. */
  let size = MOST;

  async function remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) waiting.delete(id);
    onChange();
    for (const id of ids)
      await journal.write({
        key: `signal ${id}`,
        stores: ['outbox'],
        frees: true,
        apply: (tx) => tx.objectStore('outbox').delete([seat.examId, seat.userId, id]),
      });
  }

  async function send(batch: readonly SignalRecord[]) {
    const warnings = batch.map(({ clientEventId, signal: { type, details, timestamp } }) => ({
      clientEventId,
      type,
      details,
      timestamp: new Date(timestamp).toISOString(),
    }));
    const ids = batch.map(({ clientEventId }) => clientEventId);
    try {
      await api.rest(`/exams/${encodeURIComponent(seat.examId)}/warnings`, { method: 'POST', body: { warnings } });
      size = MOST;
      await remove(ids);
      return OK;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind !== 'final') return outcome;
      if (batch.length > 1) {
        size = 1;
        return OK;
      }
      onRefused(outcome);
      await remove(ids);
      return outcome;
    } finally {
      isSending = false;
    }
  }

  const lane: Lane = {
    next() {
      if (isSending || waiting.size === 0) return null;
      isSending = true;
      const batch = [...waiting.values()].slice(0, size);
      return () => send(batch);
    },
  };

  return {
    lane,
    adopt(records: readonly SignalRecord[]): void {
      for (const record of records) waiting.set(record.clientEventId, record);
    },
    /** Keeps a signal; resolves when it is on the disk or, if the device keeps nothing, in memory. */
    async add(signal: Signal): Promise<void> {
      const record: SignalRecord = { ...seat, clientEventId: crypto.randomUUID(), signal };
      waiting.set(record.clientEventId, record);
      onChange();
      await journal.write({
        key: `signal ${record.clientEventId}`,
        stores: ['outbox'],
        apply: (tx) => tx.objectStore('outbox').put(record),
      });
    },
    get count() {
      return waiting.size;
    },
  };
}
