import type { BeatMutation } from '../../generated/graphql.ts';
import type { Api } from '../../shared/api.ts';
import { Beat } from './operations.ts';
import { type Outcome, OK, outcomeOf } from './outcome.ts';
import type { Presence, Seat } from './protocol.ts';

const EVERY_MS = 10_000;

function presenceOf(
  { status, endsAt, remainingSeconds, handRaised, serverTime }: BeatMutation['heartbeat'],
  roundTripMs: number,
): Presence {
  const ends = endsAt === null ? null : Date.parse(endsAt);
  return { status, endsAt: ends, remainingSeconds, handRaised, serverTime: Date.parse(serverTime), roundTripMs };
}

interface Options {
  seat: Seat;
  api: Api;
  everyMs?: number;
  onPresence(presence: Presence): void;
  onRenewed(renewed: { token: string; expiresAt: string }): void;
  onOutcome(outcome: Outcome): void;
}

/** Says every ten seconds that the candidate is there, and learns how the exam is. Not in the queue: nothing makes it wait. */
export function createHeartbeat({ seat, api, everyMs = EVERY_MS, onPresence, onRenewed, onOutcome }: Options) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOn = false;
  let step: string | null = null;
  let beating: Promise<void> | null = null;

  async function ask(): Promise<Outcome> {
    const sentAt = performance.now();
    try {
      const { heartbeat } = await api.graphql(Beat, { examId: seat.examId, step });
      onPresence(presenceOf(heartbeat, performance.now() - sentAt));
      if (heartbeat.renewedToken) onRenewed(heartbeat.renewedToken);
      return OK;
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async function beat(): Promise<void> {
    clearTimeout(timer);
    const outcome = await ask();
    onOutcome(outcome);
    if (isOn) timer = setTimeout(now, everyMs);
  }

  function now(): void {
    if (!isOn) return;
    beating ??= beat().finally(() => {
      beating = null;
    });
  }

  return {
    set(on: boolean): void {
      const wasOn = isOn;
      isOn = on;
      if (!on) clearTimeout(timer);
      else if (!wasOn) now();
    },
    /** Where the candidate is at check-in. Told at once: staff may be waiting. */
    setStep(next: string | null): void {
      if (step === next) return;
      step = next;
      if (next !== null) void (beating ?? Promise.resolve()).then(now);
    },
    /** Beats at once, if at all. */
    now,
  };
}
