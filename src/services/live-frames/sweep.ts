import type { Pool } from '../../adapters/database-transaction.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { forEachGroup, type Group, groupByExam } from '../presence/transitions.ts';
import { endWarnings } from '../warnings.ts';
import { toEnded } from './record.ts';
import { LONGEST_GAP_MS } from './track.ts';
import { closeAll, type WatchState } from './watch-state.ts';

const EVERY_MS = 2_000;
const MOST_FOUND = 5_000;

/** Nobody is looked at any more: the exam is over, the participant is through or paused. */
const IS_OVER = `(e.status <> 'IN_PROGRESS' OR p.status NOT IN ('ACTIVE', 'DISCONNECTED'))`;
const IS_SILENT = `w."frameAt" < now() - ${LONGEST_GAP_MS} * interval '1 ms'`;

/** What is known of a face is kept no longer than it is needed. */
const FORGET = `
DELETE FROM "LiveWatch" w USING "Participant" p, "Exam" e
 WHERE p.id = w."participantId" AND e.id = p."examId" AND NOT w.open AND ${IS_OVER}`;

const FIND = `
SELECT w."participantId", w."examId"
  FROM "LiveWatch" w JOIN "Participant" p ON p.id = w."participantId" JOIN "Exam" e ON e.id = p."examId"
 WHERE w.open AND (${IS_OVER} OR ${IS_SILENT}) LIMIT ${MOST_FOUND}`;

/** As the exam's lock leaves them: another server may have closed them meanwhile. */
const TAKE = Prisma.raw(`
SELECT w."participantId", p."userId", w.state
  FROM "LiveWatch" w JOIN "Participant" p ON p.id = w."participantId" JOIN "Exam" e ON e.id = p."examId"
 WHERE w.open AND (${IS_OVER} OR ${IS_SILENT}) AND w."participantId" = ANY (`);

interface Taken {
  participantId: string;
  userId: string;
  state: WatchState;
}

/**
 * Ends the warnings of participants of whom no more snapshots are looked at, all over again until it is stopped. Any
 * number of servers may do it.
 * @returns the way out.
 */
export function startWatchSweep({ pool, eventLog, log }: { pool: Pool; eventLog: EventLog; log: Logger }): () => void {
  const close = ({ examId, participantIds }: Group) =>
    eventLog.append(examId, async (draft) => {
      const taken = await draft.tx.$queryRaw<Taken[]>`${TAKE}${participantIds}) ORDER BY 1 FOR UPDATE OF w`;
      for (const { participantId, userId, state } of taken) {
        const step = closeAll(state, draft.now.getTime());
        await endWarnings(draft, userId, step.closed.map(toEnded));
        await draft.tx.liveWatch.update({
          where: { participantId },
          data: { version: { increment: 1 }, open: false, state: step.state as unknown as Prisma.InputJsonObject },
        });
      }
    });

  async function sweep(): Promise<void> {
    const { rows } = await pool.query<{ participantId: string; examId: string }>(FIND);
    await forEachGroup(groupByExam(rows), (group) =>
      close(group).catch((error) => log.warn({ err: error, examId: group.examId }, 'could not end live warnings; will try again')),
    );
    await pool.query(FORGET);
  }

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  async function run(): Promise<void> {
    await sweep().catch((error) => log.warn({ err: error }, 'could not look for live warnings to end; will try again'));
    if (!stopped) timer = setTimeout(() => void run(), EVERY_MS).unref();
  }
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
