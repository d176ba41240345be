import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { addWarnings, endWarnings } from '../warnings/warnings.ts';
import { LONGEST_SILENCE_MS } from './gap.ts';
import { sourceOf, toEnded } from './record.ts';
import { STEADY } from './rhythm.ts';
import { closeAll, isOpen, openGap, resumeState, type Step, type EpisodeState } from './state.ts';

const EVERY_MS = 2_000;
const MOST_FOUND = 5_000;
/** Clients that send less often get more time: this number of their usual intervals. */
const PATIENCE = 5;
/** Delay before a gap is reported: after an outage the heartbeat may arrive before the snapshot. */
const SECOND_THOUGHT_MS = 10_000;

/** Snapshots are no longer analysed: the exam is over, or the participant has left or is paused. */
const IS_OVER = `(e.status <> 'IN_PROGRESS' OR p.status NOT IN ('ACTIVE', 'DISCONNECTED'))`;
const IS_SILENT = `w."frameAt" < now() - ${LONGEST_SILENCE_MS} * interval '1 ms'`;
/** The participant's client is present, so that missing evidence is really missing. */
const IS_THERE = `(p.status = 'ACTIVE' AND p."sendsHeartbeats")`;
const HAS_GAP = `(w.state -> 'gap' IS NOT NULL)`;
const HAS_MORE = `w.state -> 'tracks' <> '{}'`;
/** Snapshots arrived regularly and have stopped. */
const IS_MISSED = `(${IS_THERE} AND NOT ${HAS_GAP} AND coalesce((w.state #>> '{rhythm,snapshots}')::int, 0) >= ${STEADY}
  AND p."lastSeenAt" > w."frameAt" + greatest(${LONGEST_SILENCE_MS}, ${PATIENCE} * (w.state #>> '{rhythm,interval}')::float8) * interval '1 ms')`;
const NEEDS_CARE = `((w.open AND ${IS_OVER})
  OR (NOT ${IS_OVER} AND ${IS_SILENT} AND ((w.open AND (${HAS_MORE} OR NOT ${IS_THERE})) OR ${IS_MISSED})))`;

const FROM = `FROM "LiveWatch" w JOIN "Participant" p ON p.id = w."participantId" JOIN "Exam" e ON e.id = p."examId"`;

/** Data about a face is kept no longer than needed. */
const FORGET = `
DELETE FROM "LiveWatch" w USING "Participant" p, "Exam" e
 WHERE p.id = w."participantId" AND e.id = p."examId" AND NOT w.open AND ${IS_OVER}`;

const FIND = `
SELECT w."participantId", w."examId", w.open, w.version, NOT ${IS_OVER} AND ${IS_MISSED} AS "isMissed"
  ${FROM}
 WHERE ${NEEDS_CARE} LIMIT ${MOST_FOUND}`;

/** Read again under the exam's lock: another server may have closed them in the meantime. */
const TAKE = Prisma.raw(`
SELECT w."participantId", w.state, extract(epoch FROM w."frameAt")::float8 * 1000 AS "frameAt",
       NOT ${IS_OVER} AND ${IS_THERE} AS "isThere", NOT ${IS_OVER} AND ${IS_MISSED} AS "isMissed"
  ${FROM}
 WHERE ${NEEDS_CARE} AND w."participantId" = ANY (`);

interface RowInNeed {
  participantId: string;
  examId: string;
  open: boolean;
  version: number;
  isMissed: boolean;
}

interface LockedRow {
  participantId: string;
  state: EpisodeState;
  frameAt: number;
  isThere: boolean;
  isMissed: boolean;
}

/**
 * Starts the sweep that ends the warnings of participants whose snapshots are no longer analysed, and reports missing snapshots
 * of participants who are present. May run on any number of servers.
 */
export function startSnapshotSweep({ pool, eventLog, log }: { pool: Pool; eventLog: EventLog; log: Logger }): Sweep {
  /** Participants whose snapshots are missing: the version of the row, and since when, by the clock of this process. */
  let missed = new Map<string, { version: number; since: number }>();

  /** Participants whose gap is due to be reported. */
  function secondThoughts(found: readonly RowInNeed[]): ReadonlySet<string> {
    const now = performance.now();
    const before = missed;
    missed = new Map(
      found.flatMap(({ participantId, version, isMissed }) => {
        if (!isMissed) return [];
        const known = before.get(participantId);
        return [[participantId, known?.version === version ? known : { version, since: now }]];
      }),
    );
    return new Set([...missed].flatMap(([participantId, { since }]) => (now - since >= SECOND_THOUGHT_MS ? [participantId] : [])));
  }

  async function tell(draft: Draft, participantId: string, { opened, closed, state }: Step): Promise<void> {
    const participant = await draft.tx.participant.findUniqueOrThrow({ where: { id: participantId } });
    await endWarnings(draft, participant.userId, closed.map(toEnded));
    for (const { warningId: id, type, since, details } of opened)
      await addWarnings(draft, participant, sourceOf(type), [{ id, type, details, timestamp: new Date(since) }]);
    await draft.tx.snapshotState.update({
      where: { participantId },
      data: { version: { increment: 1 }, open: isOpen(state), state: state as unknown as Prisma.InputJsonObject },
    });
  }

  const careFor = (examId: string, participantIds: readonly string[], due: ReadonlySet<string>) =>
    eventLog.append(examId, async (draft) => {
      const now = draft.now.getTime();
      const taken = await draft.tx.$queryRaw<LockedRow[]>`${TAKE}${participantIds}) ORDER BY 1 FOR UPDATE OF w`;
      for (const { participantId, state, frameAt, isThere, isMissed } of taken) {
        // The evidence of a participant who is present is still missing, whatever the cause.
        const quiet = closeAll(resumeState(state), now, { keepsGap: isThere });
        const gap = isMissed && due.has(participantId) ? openGap(quiet.state, frameAt, now, 'silence') : null;
        await tell(draft, participantId, gap ? { ...gap, closed: quiet.closed } : quiet);
      }
    });

  const sweep = startSweep({
    everyMs: EVERY_MS,
    log,
    failure: 'could not look for live warnings to end; will try again',
    async run() {
      const { rows } = await pool.query<RowInNeed>(FIND);
      const due = secondThoughts(rows);
      const needy = rows.filter(({ open, participantId }) => open || due.has(participantId));
      await changeByExam(needy, async (examId, batch) => {
        const ids = batch.map(({ participantId }) => participantId);
        await careFor(examId, ids, due).catch((error) => log.warn({ err: error, examId }, 'could not end live warnings; will try again'));
      });
      await pool.query(FORGET);
    },
  });
  void sweep.now();
  return sweep;
}
