import { expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import type { AdmittedParticipant } from '../../src/services/snapshots/admit.ts';
import { createAttention } from '../../src/services/snapshots/attention.ts';

// Not by a door: the moments of arrival are nothing that a client can choose.

const START = Date.parse('2026-01-01T10:00:00Z');

/** A server that never ends the first analysis. */
function busy() {
  const told: { since: number; at: number; cause: string }[] = [];
  const attention = createAttention({
    vision: { parallel: 1, observeImage: () => new Promise(() => {}) },
    identity: { isDue: () => Promise.resolve(false) },
    follower: {
      look: () => Promise.resolve(),
      miss(_participant: unknown, gap: (typeof told)[number]) {
        told.push(gap);
        return Promise.resolve();
      },
    },
    onTurn: () => {},
    log: createLogger('silent'),
  } as unknown as Parameters<typeof createAttention>[0]);
  return {
    told,
    /** Seconds from the start. */
    add(arrived: number, taken: number): void {
      const participant = { participantId: 'part_1', examId: 'exam_1', sensitivity: 'MEDIUM', now: START + arrived * 1_000 };
      attention.add(participant as AdmittedParticipant, new Uint8Array(10), START + taken * 1_000);
    },
  };
}

it('snapshots that are skipped for longer than the hold time are a gap that is told once', () => {
  const { told, add } = busy();
  for (let at = 0; at < 20; at += 1) add(at, at);
  expect(told).toEqual([{ since: START + 1_000, at: START + 7_000, cause: 'overload' }]);
});

it('who is silent, and then sends several that claim to be older, was not let down by the server', () => {
  const { told, add } = busy();
  add(0, 0);
  add(30, 1);
  for (let sent = 0; sent < 3; sent += 1) add(30 + sent, 10 + 10 * sent);
  expect(told).toEqual([]);
});
