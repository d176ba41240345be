import { columns } from '../../adapters/database/columns.ts';
import type { Database } from '../../adapters/database/database.ts';
import { batched } from '../../async/batched.ts';
import { within } from '../../async/within.ts';
import { AppError, notFound } from '../../errors.ts';
import { type ExamStatus, type Participant, Prisma } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { isExamOver } from '../exams.ts';
import { ASKED, nameOf, type ParticipantKey, readPerParticipant } from '../participants/key.ts';
import { isFinal } from '../participants/moves.ts';
import { SignsOfLife } from './signs.ts';
import { startSilenceSweep } from './sweep.ts';
import { createTransitions } from './transitions.ts';

/** Signs of life are written this often: the newest of each participant, in one statement. */
const FLUSH_MS = 1_000;
const SWEEP_MS = 5_000;
/** A heartbeat is answered within this time, if only by an error. */
const ANSWER_MS = 2_500;
const MAX_BACK = 1_000;

/** Through the pool and not Prisma: one statement for many pairs of ids, which also reads the database's time. */
const READ = `
SELECT ${columns('p', Prisma.ParticipantScalarFieldEnum)}, e.status AS "examStatus", now() AS "readAt"
  FROM ${ASKED}
  JOIN "Exam" e ON e.id = p."examId"`;

type PresenceRow = Participant & { examStatus: ExamStatus; readAt: Date };

export interface PresenceOptions {
  pool: Database['pool'];
  eventLog: EventLog;
  log: Logger;
  /** Silence after which a participant who sends heartbeats counts as disconnected. */
  graceSeconds: number;
}

/**
 * Who is present. A heartbeat is not an event and takes no lock: it is noted in memory, written with the others of the same
 * second, and read back with those that arrive together. Only going offline and coming back are events. Every
 * decision uses the database's clock and what is stored, so any number of servers reach the same one.
 */
export function createPresence({ pool, eventLog, log, graceSeconds }: PresenceOptions) {
  const graceMs = graceSeconds * 1_000;
  const flushMs = Math.min(FLUSH_MS, graceMs / 10);
  // A heartbeat that another server received within the grace period may need its flush and the next one to be visible here.
  const silentMs = graceMs + 2 * flushMs;
  const transitions = createTransitions(eventLog);
  const read = readPerParticipant<PresenceRow>(pool, 'read-presence', READ);
  const bringBack = batched(bringBackAll, MAX_BACK);
  const signs = new SignsOfLife({ pool, log }, { everyMs: flushMs, freshMs: graceMs }, (who) => void bringBack(who));

  /** A failure does not fail the heartbeat: the sign of life is kept, and its flush tries again. */
  async function bringBackAll(gone: readonly ParticipantKey[]): Promise<(Participant | undefined)[]> {
    const rows = new Map<string, Participant>();
    await changeByExam(gone, async (examId, batch) => {
      try {
        const userIds = [...new Set(batch.map(({ userId }) => userId))];
        for (const row of await transitions.bringBack(examId, userIds)) rows.set(nameOf(row), row);
      } catch (error) {
        log.warn({ err: error, examId }, 'could not mark participants as back; will try again');
      }
    });
    return gone.map((who) => rows.get(nameOf(who)));
  }

  async function readBack(who: ParticipantKey): Promise<Participant> {
    const found = await read(who);
    if (!found) throw notFound('Participant');
    const { examStatus, readAt, ...participant } = found;
    const over = isFinal(participant.status) || isExamOver({ status: examStatus });
    if (over) return participant;
    if (participant.offlineSince === null) return { ...participant, lastSeenAt: readAt };
    return (await bringBack(who)) ?? { ...participant, lastSeenAt: readAt };
  }

  return {
    /**
     * Takes a heartbeat and returns the participant as seen now, and ACTIVE again if it was DISCONNECTED. Nothing changes after the
     * exam, or for a participant who has left it.
     * @param step where the participant is at check-in, if it is
     * @throws AppError `server_error` within 3 s if the database is down; sending it again is safe.
     */
    async heartbeat(who: ParticipantKey, step: string | null): Promise<Participant> {
      signs.note(who, { heartbeat: true, step });
      try {
        return await within(ANSWER_MS, readBack(who), () => new Error(`no answer within ${ANSWER_MS} ms`));
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw new AppError('server_error', 'The heartbeat could not be confirmed: send it again', [], { cause: error });
      }
    },

    /** Any other sign that the participant is present. */
    seen: (who: ParticipantKey) => signs.note(who, { heartbeat: false }),

    /** Starts the sweep that disconnects silent participants: only in a process that they can reach. */
    startSweep: () =>
      startSilenceSweep({
        pool,
        log,
        transitions,
        silentMs,
        everyMs: Math.min(SWEEP_MS, graceMs / 5),
        flush: () => signs.flush(),
      }),

    /** Writes pending signs of life. */
    close: () => signs.close(),
  };
}

export type Presence = ReturnType<typeof createPresence>;
