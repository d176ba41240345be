import {
  inTransaction,
  isDiskFull,
  isFaultOfRows,
  isFaultOfValues,
  isNotPermitted,
  isTooSlow,
  patiently,
  type Pool,
  type Transaction,
  watch,
} from '../../adapters/database/database-transaction.ts';
import type { Gate } from '../../async/gate.ts';
import { Busy, GroupCommit, Lanes } from '../../async/group-commit.ts';
import { slices } from '../../async/slices.ts';
import type { Turns } from '../../async/turns.ts';
import { DiskFull, invalidField } from '../../errors.ts';
import type { LogEvent } from '../event-log/event-reader.ts';
import { answersOf, inPool, keepAnswers, LostClaim } from '../idempotency.ts';
import { ExamState, type ExamWrite } from './exam-state.ts';
import { find } from './read-sql.ts';
import { STAGED, type Staged, store } from './store-sql.ts';

type Write = ExamWrite<unknown>;
type Settled = PromiseSettledResult<unknown>;

const MAX_WRITES = 512;
/** Rows of a transaction, so that it does not hold the exam's lock for long; statistics count as a row per KB. */
const MAX_WEIGHT = 10_000;
/** Longer statistics are stored before the exam is locked: PostgreSQL reads and compresses 16 MB in one second. */
const STAGED_LENGTH = 256 * 1024;
/** A write that weighs as much waits in its own line, so that the others need not wait while it is prepared. */
const HEAVY = 250;
const STAGING_MS = 20_000;
const BEAT_MS = 500;

function weightOf({ repeats, stats, others, reviews }: Write): number {
  return (
    1 + (repeats?.warnings.length ?? 0) + (others?.length ?? 0) + (reviews?.length ?? 0) + Math.floor((stats?.text.length ?? 0) / 1_024)
  );
}

const isHeavy = (write: Write) => weightOf(write) > HEAVY;

interface Dependencies {
  pool: Pool;
  /** Limits the transactions of all exams, so that they wait here and not for a connection. */
  gate: Gate;
  /** Transactions of this process take turns, because one that waits for the exam's lock could wait longer than a statement may take. */
  turns: Turns;
  announce(events: readonly LogEvent[]): void;
}

/**
 * Writes of an exam that arrive together share a transaction of a few statements, however many they are: at the start and at the
 * end of an exam, everybody writes in the same second.
 */
export function createExamWrites({ pool, gate, turns, announce }: Dependencies) {
  let mayStage = true;

  const lanes = new Lanes<Write, unknown>((lane) => {
    const examId = lane.slice(lane.indexOf(' ') + 1);
    const commit = (writes: Write[], progress: () => void) => commitAll(examId, writes, progress);
    return new GroupCommit(commit, { maxItems: MAX_WRITES, maxWeight: MAX_WEIGHT, weightOf, senderOf: ({ userId }) => userId, gate });
  });

  /** Rows that the database refuses are found by bisection: they fail alone. */
  async function commitAll(examId: string, writes: Write[], progress: () => void): Promise<Settled[]> {
    try {
      const { outcomes, events } = await (writes.some(isHeavy) ? writeHeavy : writeLight)(examId, writes, progress);
      announce(events);
      return outcomes;
    } catch (reason) {
      if (mayStage && isNotPermitted(reason)) {
        mayStage = false;
        return commitAll(examId, writes, progress);
      }
      if (isTooSlow(reason)) throw new Busy({ cause: reason });
      if (isDiskFull(reason)) throw new DiskFull({ cause: reason });
      if (!isFaultOfRows(reason) && !(reason instanceof LostClaim)) throw reason;
      if (writes.length === 1) return [{ status: 'rejected', reason: explain(reason, writes[0]) }];
      const half = Math.ceil(writes.length / 2);
      return [...(await commitAll(examId, writes.slice(0, half), progress)), ...(await commitAll(examId, writes.slice(half), progress))];
    }
  }

  /** Waits for its turn before it takes a connection. */
  const writeLight = (examId: string, writes: Write[], progress: () => void) =>
    turns.run(examId, progress, (progress) =>
      inTransaction(pool, (transaction) => write(transaction, examId, writes, new Map(), progress)),
    );

  /** Waits for its turn when it is prepared, in its transaction. */
  const writeHeavy = (examId: string, writes: Write[], progress: () => void) =>
    inTransaction(pool, (transaction) =>
      patiently(transaction, STAGING_MS, async () => {
        const staged = await stage(transaction, mayStage ? writes : [], progress);
        return turns.run(examId, progress, (progress) => write(transaction, examId, writes, staged, progress));
      }),
    );

  async function write(transaction: Transaction, examId: string, writes: Write[], staged: Staged, progress: () => void) {
    const watched = watch(transaction, progress);
    const state = new ExamState(await find(watched, examId, writes));
    const outcomes: Settled[] = [];
    for (const write of writes) {
      if (slices.isUsedUp) await slices.next(examId);
      outcomes.push(state.run(write));
    }
    await store(watched, state, staged);
    await keepAnswers(inPool(watched), await answersOf(writes, outcomes));
    return { outcomes, events: state.logEvents() };
  }

  return {
    /**
     * Stores a write; resolves when that is durable.
     * @throws AppError `not_found` if the exam is gone; TooOften or Busy if it had to wait too long; anything that `decide`
     *   throws. Nothing of it is stored then.
     */
    async add<Result>(examId: string, write: ExamWrite<Result>): Promise<Result> {
      const lane = isHeavy(write) ? 'heavy' : 'light';
      return (await lanes.add(`${lane} ${examId}`, write)) as Result;
    },
  };
}

/** @returns the statistics that are staged, with their keys */
async function stage(transaction: Transaction, writes: readonly Write[], progress: () => void): Promise<Staged> {
  const large = writes.flatMap(({ stats }) => (stats && stats.text.length > STAGED_LENGTH ? [stats] : []));
  if (large.length === 0) return new Map();
  const beat = setInterval(progress, BEAT_MS);
  try {
    await transaction.query(`CREATE TEMP TABLE ${STAGED} (key int, stats jsonb) ON COMMIT DROP`);
    for (const [key, { text }] of large.entries()) await transaction.query(`INSERT INTO ${STAGED} VALUES ($1, $2::jsonb)`, [key, text]);
  } finally {
    clearInterval(beat);
  }
  return new Map(large.map((stats, key) => [stats, key]));
}

/** @returns AppError `invalid_request` that names `stats` if they are not JSON, or contain what PostgreSQL cannot store */
function explain(reason: unknown, write: Write | undefined): unknown {
  return write?.stats && isFaultOfValues(reason) ? invalidField('stats', 'must be JSON that can be stored', { cause: reason }) : reason;
}
