import type { LRUCache } from 'lru-cache';
import { HOLD_SECONDS } from '../analysis/sign-track.ts';
import type { AdmittedParticipant } from './admit.ts';
import type { GapCause } from './gap.ts';
import type { Judge, Look } from './judge.ts';
import type { createRecorder } from './record.ts';
import type { Change, Seen, StateStore } from './state-store.ts';
import { advance, openGap, type Step } from './state.ts';
import type { Verdict } from './track.ts';

interface Dependencies {
  store: StateStore;
  record: ReturnType<typeof createRecorder>;
  judges: readonly Judge[];
  /** Rows as this process left them: the next snapshot usually arrives here too. */
  known: LRUCache<string, Seen>;
}

/** Another server is rarely faster this many times in a row; more probably the participant has left. */
const MOST_ATTEMPTS = 3;

async function judgeAll(judges: readonly Judge[], look: Look, remembered: Record<string, unknown>) {
  const verdicts: Verdict[] = [];
  const memories: Record<string, unknown> = {};
  for (const { name, judge } of judges) {
    const judged = await judge(look, remembered[name]);
    verdicts.push(...judged.verdicts);
    if (judged.memory !== undefined) memories[name] = judged.memory;
  }
  return { verdicts, memories };
}

/** Follows each participant from snapshot to snapshot. */
export function createFollower({ store, record, judges, known }: Dependencies) {
  /** @param next null if there is nothing to change */
  async function change(
    { participantId, examId }: Pick<AdmittedParticipant, 'participantId' | 'examId'>,
    image: Uint8Array | null,
    next: (seen: Seen) => Promise<(Step & { frameAt: number }) | null>,
  ): Promise<void> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const seen = known.get(participantId) ?? (await store.read(participantId, examId));
      const step = await next(seen);
      if (!step) return;
      const change: Change = { participantId, examId, version: seen.version, frameAt: step.frameAt, state: step.state };
      const isQuiet = step.opened.length + step.closed.length + step.resumed.length === 0;
      // Before the result is known: a statement that fails may have been executed.
      known.delete(participantId);
      if (await (isQuiet ? store.write(change) : record(change, step, image))) {
        known.set(participantId, { ...change, version: seen.version + 1 });
        return;
      }
    }
  }

  return {
    /** Continues with an analysed snapshot; one that is older than the newest is ignored. */
    look: (participant: AdmittedParticipant, look: Look, { missed }: { missed: boolean }) =>
      change(participant, look.image, async ({ frameAt, state }) => {
        if (frameAt !== null && look.at <= frameAt) return null;
        const { verdicts, memories } = await judgeAll(judges, look, state.memories);
        const { sensitivity, suppressed } = participant;
        const sinceLast = frameAt === null ? null : look.at - frameAt;
        return { ...advance(state, verdicts, memories, { at: look.at, sinceLast, sensitivity, suppressed, missed }), frameAt: look.at };
      }),

    /** Reports that this server analysed nothing that arrived from `since` to `at`. */
    miss: (participant: AdmittedParticipant, { since, at, cause }: { since: number; at: number; cause: GapCause }) => {
      // What another server analysed is not missing.
      known.delete(participant.participantId);
      return change(participant, null, async ({ frameAt, state }) => {
        const from = Math.max(since, frameAt ?? 0);
        const step = at - from > HOLD_SECONDS[participant.sensitivity] * 1_000 ? openGap(state, from, at, cause) : null;
        return step && { ...step, frameAt: frameAt ?? since };
      });
    },
  };
}

export type Follower = ReturnType<typeof createFollower>;
